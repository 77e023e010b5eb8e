import { describe, expect, it } from '@jest/globals';
import { linearScale, logarithmicScale } from '../../../../scripts/bench/plots/scale.ts';

describe('linearScale', () => {
  it.each([
    [
      [640, 3912],
      [0, 1000, 2000, 3000, 4000],
    ],
    [[0.3], [0, 0.1, 0.2, 0.3]],
    [
      [-5, 10],
      [-5, 0, 5, 10],
    ],
    [[], [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [
      [0, Number.NaN, Number.POSITIVE_INFINITY],
      [0, 0.2, 0.4, 0.6, 0.8, 1],
    ],
  ])('of %j marks round numbers from 0 to beyond the greatest', (values, ticks) => {
    const scale = linearScale(values);
    expect(scale.ticks).toHaveLength(ticks.length);
    scale.ticks.forEach((tick, n) => expect(tick).toBeCloseTo(ticks[n] ?? Number.NaN, 9));
    expect(scale.at(ticks[0] ?? 0)).toBe(0);
    expect(scale.at(ticks.at(-1) ?? 0)).toBeCloseTo(1, 9);
  });

  it('has bars begin at 0', () => {
    expect(linearScale([10]).base).toBe(0);
    expect(linearScale([-10, 10]).base).toBeCloseTo(0.5, 9);
  });
});

describe('logarithmicScale', () => {
  it.each([
    [
      [0.4, 120],
      [0.1, 1, 10, 100, 1000],
    ],
    [
      [3, 7],
      [1, 2, 5, 10],
    ],
    [
      [10, 10],
      [1, 2, 5, 10],
    ],
    [
      [0, -1],
      [0.1, 0.2, 0.5, 1, 2, 5, 10],
    ],
    [
      [2, 2e11],
      [1, 100, 1e4, 1e6, 1e8, 1e10, 1e12],
    ],
  ])('of %j goes from power of ten to power of ten', (values, ticks) => {
    const scale = logarithmicScale(values);
    expect(scale.ticks).toHaveLength(ticks.length);
    scale.ticks.forEach((tick, n) => expect(tick / (ticks[n] ?? 0)).toBeCloseTo(1, 9));
  });

  it('leaves something of the least to see, and nothing of what has no logarithm', () => {
    const scale = logarithmicScale([1, 100]);
    expect(scale.at(1)).toBeGreaterThan(0);
    expect(scale.at(0)).toBe(0);
    expect(scale.at(-1)).toBe(0);
    expect(scale.at(Number.NaN)).toBe(0);
    expect(scale.at(Number.POSITIVE_INFINITY)).toBe(1);
  });
});
