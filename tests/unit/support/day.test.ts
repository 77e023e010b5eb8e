import { describe, expect, it } from '@jest/globals';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';
import { dateText, readDay } from '../../../src/support/day.ts';

const kolkata = createTimeZone('Asia/Kolkata');
/** Saturday the 31st in Kolkata; still Friday in UTC. */
const now = new Date('2026-01-30T20:00:00Z');
const from = (text: string, zone = kolkata): string | undefined =>
  readDay(text, zone, now)?.from.toISOString();

describe('a day', () => {
  it.each([
    ['today', '2026-01-30T18:30:00.000Z'],
    ['yesterday', '2026-01-29T18:30:00.000Z'],
    [' Yesterday ', '2026-01-29T18:30:00.000Z'],
    ['saturday', '2026-01-30T18:30:00.000Z'],
    ['Monday', '2026-01-25T18:30:00.000Z'],
    ['sunday', '2026-01-24T18:30:00.000Z'],
    ['2025-12-31', '2025-12-30T18:30:00.000Z'],
  ])('is one of the zone: %s', (text, expected) => {
    expect(from(text)).toBe(expected);
  });

  it('ends where the next one begins, though clocks are changed in it', () => {
    const paris = createTimeZone('Europe/Paris');
    const day = readDay('2026-03-29', paris);
    expect(Number(day?.to) - Number(day?.from)).toBe(23 * 3_600_000);
  });

  it.each(['', 'now', 'mon', '2026-13-01', '2026-02-30', '2026-01-31T10:00', '31.01.2026'])(
    'is none: %s',
    (text) => {
      expect(readDay(text, kolkata, now)).toBeNull();
    },
  );

  it('has a date by the calendar of the zone', () => {
    const day = readDay('today', kolkata, now);
    expect(day && dateText(day, kolkata)).toBe('2026-01-31');
  });
});
