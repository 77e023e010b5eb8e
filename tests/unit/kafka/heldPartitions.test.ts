import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHeldPartitions } from '../../../src/kafka/heldPartitions.ts';
import type { TopicTerm } from '../../../src/kafka/topicTerm.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';

const callMs = 15_000;

function createHolding() {
  const terms = new Map<number, { nextOffset: number; waiting: number }>();
  const ends = new Map<number, { low: number; high: number }>();
  const limits: number[] = [];
  const told: unknown[] = [];
  const stalled: string[] = [];
  const held = createHeldPartitions({
    terms: () => terms as unknown as ReadonlyMap<number, TopicTerm>,
    consumer: () => ({
      knownEnd: (partition) => ends.get(partition)?.high ?? null,
      bounds: async (partition) => ends.get(partition) ?? { low: 0, high: 0 },
    }),
    stalled: ({ message }) => void stalled.push(message),
    bound: 32,
    limit: (calls) => void limits.push(calls),
    callMs,
    metrics: { leaseHeld: (...values) => void told.push(['leaseHeld', ...values]) },
    topicMetrics: {
      partitionLag: (...values) => void told.push(['lag', ...values]),
      rebalanced: (...values) => void told.push(['rebalanced', ...values]),
      messageUnreadable: () => undefined,
      messageWritten: () => undefined,
    },
    logger: createMemoryLogger(),
  });
  const take = (partitions: readonly number[], isTakenOver = false): void => {
    for (const partition of partitions) {
      held.opened(partition, { partitions: 12, isTakenOver });
      terms.set(partition, { nextOffset: 0, waiting: 0 });
    }
    held.rebalanced('assigned', partitions);
  };
  const stopping = new AbortController();
  const done = held.run(stopping.signal);
  return {
    ...{ held, terms, ends, limits, told, stalled, take },
    async stop() {
      stopping.abort(new Stopping());
      await done;
    },
  };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('the partitions of a member', () => {
  it('are those of its terms; the count is the topic’s', async () => {
    const { held, take, terms, stop } = createHolding();
    take([0, 1, 2]);
    terms.delete(1);
    held.rebalanced('revoked', [1]);
    expect([...held.held()]).toEqual([0, 2]);
    expect(held.count()).toBe(12);
    await stop();
  });

  it('are not there any more from the moment they are revoked, though their terms are', async () => {
    const { held, take, stop } = createHolding();
    take([0, 1]);
    held.rebalanced('lost', [0, 1]);
    expect([...held.held()]).toEqual([]);
    await stop();
  });

  it('give their share of the calls at one endpoint', async () => {
    const { limits, take, stop } = createHolding();
    take([0, 1, 2, 3]);
    expect(limits.at(-1)).toBe(10);
    await stop();
  });

  it('that were another’s give theirs when its calls must have ended', async () => {
    const { limits, take, stop } = createHolding();
    take([0, 1, 2, 3]);
    take([4, 5], true);
    expect(limits.at(-1)).toBe(10);
    await jest.advanceTimersByTimeAsync(callMs + 1_000);
    expect(limits.at(-1)).toBe(16);
    await stop();
  });

  it('show how far behind they are, as long as they are held', async () => {
    const { told, ends, take, held, stop } = createHolding();
    take([3]);
    ends.set(3, { low: 0, high: 7 });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(told).toContainEqual(['lag', 3, 7]);
    held.rebalanced('revoked', [3]);
    expect(told.slice(-2)).toEqual([
      ['leaseHeld', '3', false],
      ['lag', 3, null],
    ]);
    await stop();
  });
});

describe('a partition whose messages do not come', () => {
  it.each([
    ['though there are more', { low: 0, high: 9 }],
    ['since they were deleted', { low: 9, high: 9 }],
  ])('is noticed %s', async (_, bounds) => {
    const { ends, take, stalled, stop } = createHolding();
    take([2]);
    ends.set(2, bounds);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(stalled).toEqual([
      `partition 2 is not read any more, at 0 of ${bounds.low} to ${bounds.high}`,
    ]);
    await stop();
  });

  it('is not taken for stalled by a message that has only just been written', async () => {
    const { ends, terms, take, stalled, stop } = createHolding();
    take([2]);
    ends.set(2, { low: 0, high: 1 });
    await jest.advanceTimersByTimeAsync(10_000);
    terms.set(2, { nextOffset: 1, waiting: 0 });
    ends.set(2, { low: 0, high: 2 });
    await jest.advanceTimersByTimeAsync(10_000);
    expect(stalled).toEqual([]);
    await stop();
  });

  it.each([
    ['it is at its end', { nextOffset: 9, waiting: 0 }],
    ['messages wait to be read', { nextOffset: 3, waiting: 6 }],
  ])('is none while %s', async (_, term) => {
    const { ends, terms, take, stalled, stop } = createHolding();
    take([2]);
    terms.set(2, term);
    ends.set(2, { low: 0, high: 9 });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(stalled).toEqual([]);
    await stop();
  });
});
