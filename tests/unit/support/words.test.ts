import { describe, expect, it } from '@jest/globals';
import { count, duration, several } from '../../../src/support/words.ts';

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
