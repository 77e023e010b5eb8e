import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shareOfBound, type HeldPartition } from '../../../src/domain/shareOfBound.ts';

const held = (count: number, availableAt = 0): readonly HeldPartition[] =>
  Array.from({ length: count }, () => ({ availableAt }));

describe('a worker’s share of the calls at one endpoint', () => {
  it.each([
    ['all, with all partitions', 32, 12, 12, 32],
    ['its part, rounded down', 32, 5, 12, 13],
    ['one at least', 4, 2, 12, 1],
    ['one, with no partition', 32, 0, 12, 1],
    ['no more than there is, by a count that is behind', 32, 1, 0, 32],
  ])('is %s', (_, bound, partitions, count, share) => {
    expect(shareOfBound(bound, held(partitions), count, 0)).toBe(share);
  });

  it('grows only when the calls of a partition’s former worker must be over', () => {
    const partitions = [...held(3, 100), ...held(3, 200)];
    const shares = [99, 100, 199, 200].map((now) => shareOfBound(12, partitions, 12, now));
    expect(shares).toEqual([1, 3, 3, 6]);
  });

  it('adds up to no more than the bound over the workers of a balanced group', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 64 }),
        (count, bound, most) => {
          const workers = Math.min(most, bound, count);
          let sum = 0;
          for (let worker = 0; worker < workers; worker += 1) {
            const more = worker < count % workers ? 1 : 0;
            sum += shareOfBound(bound, held(Math.floor(count / workers) + more), count, 0);
          }
          expect(sum).toBeLessThanOrEqual(bound);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
