import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createBackoff } from '../../../src/runtime/retry.ts';

const take = (count: number, next: () => number): number[] => Array.from({ length: count }, next);

describe('a backoff', () => {
  it('doubles up to its greatest wait and stays there', () => {
    const backoff = createBackoff({ minMs: 500, maxMs: 3_000, random: () => 1 });
    expect(take(5, backoff.next)).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
  });

  it('takes off as much as half', () => {
    const backoff = createBackoff({ minMs: 500, maxMs: 3_000, random: () => 0 });
    expect(take(4, backoff.next)).toEqual([250, 500, 1_000, 1_500]);
  });

  it('begins anew after a success', () => {
    const backoff = createBackoff({ minMs: 500, maxMs: 3_000, random: () => 1 });
    take(3, backoff.next);
    backoff.reset();
    expect(take(2, backoff.next)).toEqual([500, 1_000]);
  });

  it('spreads its waits by chance of its own when given none', () => {
    const waits = take(20, createBackoff({ minMs: 500, maxMs: 500 }).next);
    expect(new Set(waits).size).toBeGreaterThan(1);
  });

  it('is always between half its least and its greatest wait', () => {
    const randoms = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 1,
    });
    const bounds = fc.tuple(fc.integer({ min: 1, max: 10_000 }), fc.nat({ max: 100_000 }));
    fc.assert(
      fc.property(randoms, bounds, (values, [minMs, more]) => {
        const left = [...values];
        const maxMs = minMs + more;
        const backoff = createBackoff({ minMs, maxMs, random: () => left.shift() ?? 0 });
        for (const waitMs of take(values.length, backoff.next)) {
          expect(waitMs).toBeGreaterThanOrEqual(minMs / 2);
          expect(waitMs).toBeLessThanOrEqual(maxMs);
        }
      }),
    );
  });
});
