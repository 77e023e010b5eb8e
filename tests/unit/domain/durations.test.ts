import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  boundOf,
  DURATION_BUCKETS,
  durationBucket,
  durationQuantile,
} from '../../../src/domain/durations.ts';

const last = DURATION_BUCKETS - 1;

function bucketsOf(durations: readonly number[]): readonly number[] {
  const counts = Array.from({ length: DURATION_BUCKETS }, () => 0);
  for (const ms of durations) counts[durationBucket(ms)] = (counts[durationBucket(ms)] ?? 0) + 1;
  return counts;
}

/** By nearest rank. */
function exactQuantile(durations: readonly number[], share: number): number {
  const sorted = durations.toSorted((one, other) => one - other);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? Number.NaN;
}

describe('a bucket', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 2],
    [3, 4],
    [1_024, 20],
    [1_025, 21],
    [65_536, last],
    [3_600_000, last],
    [-5, 0],
    [Number.NaN, 0],
  ])('for %d ms is number %d', (ms, bucket) => {
    expect(durationBucket(ms)).toBe(bucket);
  });

  it('holds what its bound and the one below say', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 65_536 }), (ms) => {
        const bucket = durationBucket(ms);
        expect(ms).toBeGreaterThan(boundOf(bucket - 1));
        expect(ms).toBeLessThanOrEqual(boundOf(bucket));
      }),
    );
  });
});

describe('a quantile', () => {
  it('of nothing is not known', () => {
    expect(durationQuantile(bucketsOf([]), 0.5)).toBeNull();
  });

  it.each([0.01, 0.5, 0.95, 1])('of %d is off by a factor of 1.42 at most', (share) => {
    const durations = fc.array(fc.integer({ min: 2, max: 60_000 }), {
      minLength: 1,
      maxLength: 90,
    });
    fc.assert(
      fc.property(durations, (all) => {
        const ratio =
          (durationQuantile(bucketsOf(all), share) ?? Number.NaN) / exactQuantile(all, share);
        expect(Math.max(ratio, 1 / ratio)).toBeLessThan(1.42);
      }),
    );
  });
});
