import { describe, expect, it } from '@jest/globals';
import { median, percentilesOf, perSecondOf, ratioOf } from '../../../scripts/bench/statistics.ts';

const oneTo = (last: number): number[] => Array.from({ length: last }, (_, n) => n + 1);

describe('percentilesOf', () => {
  it.each([
    [1, { p50: 1, p99: 1, p999: 1 }],
    [2, { p50: 1, p99: 2, p999: 2 }],
    [100, { p50: 50, p99: 99, p999: 100 }],
    [1_000, { p50: 500, p99: 990, p999: 999 }],
    [20_000, { p50: 10_000, p99: 19_800, p999: 19_980 }],
  ])('takes the nearest rank of %i values', (last, expected) => {
    expect(percentilesOf(oneTo(last))).toEqual(expected);
  });

  it('orders by size, not as text, and leaves its argument alone', () => {
    const values = [100, 9, 20];
    expect(percentilesOf(values)?.p50).toBe(20);
    expect(values).toEqual([100, 9, 20]);
  });

  it('has nothing to say of nothing', () => {
    expect(percentilesOf([])).toBeNull();
  });
});

describe('median', () => {
  it.each([
    [[7], 7],
    [[100, 9, 20], 20],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('of nothing is NaN', () => {
    expect(median([])).toBeNaN();
  });
});

describe('perSecondOf', () => {
  it('counts from the first to the last, in whatever order they come', () => {
    expect(perSecondOf([5_000_000, 1_000_000, 2_000_000, 3_000_000])).toBe(1);
  });

  it.each([[[]], [[7]], [[7, 7]]])('of %j is NaN', (moments) => {
    expect(perSecondOf(moments)).toBeNaN();
  });
});

describe('ratioOf', () => {
  it('divides, where there is something to divide', () => {
    expect(ratioOf(3, 2)).toBe(1.5);
    expect(ratioOf(0, 2)).toBe(0);
    expect(ratioOf(3, 0)).toBeNull();
    expect(ratioOf(null, 2)).toBeNull();
    expect(ratioOf(3, null)).toBeNull();
  });
});
