import { describe, expect, it } from '@jest/globals';
import { count, duration, moment, several } from '../../../src/cli/words.ts';

describe('figures', () => {
  it('are grouped, and agree with their noun', () => {
    expect(count(1_234_567)).toBe('1,234,567');
    expect(several(1, 'notification')).toBe('1 notification');
    expect(several(0, 'notification')).toBe('0 notifications');
  });
});

describe('a duration', () => {
  it.each([
    [0, '0 s'],
    [-5, '0 s'],
    [1_400, '1 s'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [90_061_000, '1 d 1 h'],
    [86_405_000, '1 d'],
  ])('of %d ms is %s', (ms, words) => {
    expect(duration(ms)).toBe(words);
  });
});

describe('a moment', () => {
  const now = new Date('2026-01-31T10:00:00.000Z');

  it('says how far it is', () => {
    const before = new Date(now.getTime() - 65_000);
    expect(moment(before, now)).toBe('2026-01-31T09:58:55.000Z (1 min 5 s ago)');
    const after = new Date(now.getTime() + 3_600_000);
    expect(moment(after, now)).toBe('2026-01-31T11:00:00.000Z (in 1 h)');
  });
});
