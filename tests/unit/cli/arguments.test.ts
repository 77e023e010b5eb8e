import { describe, expect, it } from '@jest/globals';
import { integerId, rate, readTime, states, wholeNumber } from '../../../src/cli/arguments.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';

const kolkata = createTimeZone('Asia/Kolkata');
/** Saturday the 31st in Kolkata; still Friday in UTC. */
const now = new Date('2026-01-30T20:00:00Z');

describe('a day', () => {
  it('is a time as well, its first moment', () => {
    expect(readTime('monday', kolkata, now)).toEqual(new Date('2026-01-25T18:30:00Z'));
    expect(readTime('2026-01-31T10:00', kolkata, now)).toEqual(new Date('2026-01-31T04:30:00Z'));
    expect(readTime('soon', kolkata, now)).toBeNull();
  });
});

describe('what is written as an argument', () => {
  it('is an id of digits', () => {
    expect(integerId('28')).toBe(28);
    expect(integerId('9223372036854775807')).toBe('9223372036854775807');
    for (const text of ['28abc', '', '1.5', '-28', '9223372036854775808']) {
      expect(() => integerId(text)).toThrow('decimal digits');
    }
  });

  it('is a rate', () => {
    expect(rate('50')).toBe(50);
    expect(rate('50/s')).toBe(50);
    for (const text of ['0', '-1', '1.5', '50/min', '', '99999999']) {
      expect(() => rate(text)).toThrow('per second');
    }
  });

  it('is some of the states that end', () => {
    expect(states('failed, delivered')).toEqual(['failed', 'delivered']);
    expect(() => states('retrying')).toThrow('delivered, failed, skipped');
    expect(() => states('')).toThrow('delivered, failed, skipped');
  });

  it('is a whole number', () => {
    expect(wholeNumber('12')).toBe(12);
    expect(() => wholeNumber('0')).toThrow('whole number');
  });
});
