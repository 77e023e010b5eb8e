import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { PlacedUpTo } from '../../../src/ports/partitioning.ts';
import { placeRows } from '../../../src/retries/placeRows.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { somePartitions } from '../../support/somePartitions.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

/** A placement whose walks take three batches; what it was asked for. */
function createPlacing() {
  const partitioning = somePartitions([0]);
  const logger = createMemoryLogger();
  const stop = new AbortController();
  const asked: string[] = [];
  const strays: { placed: number; isAll: boolean }[] = [];
  let failures = 0;
  const answer = async (what: string): Promise<void> => {
    asked.push(what);
    if (failures === 0) return;
    failures -= 1;
    throw await Promise.resolve(new Error('the database is away'));
  };
  let wakes = 0;
  const done = placeRows({
    partitioning,
    placement: {
      async placeStray() {
        await answer('strays');
        return strays.shift() ?? { placed: 0, isAll: true };
      },
      async placeAnew(upTo: PlacedUpTo | null) {
        const from = Number(upTo?.from ?? 0);
        await answer(`anew ${from} of ${partitioning.count()}`);
        return { next: from === 2 ? null : { from: from + 1 } };
      },
    },
    logger,
    onPlaced: () => (wakes += 1),
    stopping: stop.signal,
  });
  return {
    ...{ partitioning, strays, logger, done, stop: () => stop.abort(new Stopping()) },
    fail: (times: number) => (failures = times),
    wakes: () => wakes,
    /** Since asked last. */
    walks: () => asked.splice(0).filter((what) => what.startsWith('anew')),
    looks: () => asked.filter((what) => what === 'strays').length,
  };
}

describe('placing rows', () => {
  it('goes through all at the beginning, after each change of the count, and once more', async () => {
    const { partitioning, walks, stop, done } = createPlacing();
    await pass(60_000);
    expect(walks()).toEqual(['anew 0 of 4', 'anew 1 of 4', 'anew 2 of 4']);
    partitioning.of = 6;
    await pass(60_000);
    expect(walks()).toEqual(['anew 0 of 6', 'anew 1 of 6', 'anew 2 of 6']);
    await pass(300_000);
    expect(walks()).toEqual(['anew 0 of 6', 'anew 1 of 6', 'anew 2 of 6']);
    await pass(900_000);
    expect(walks()).toEqual([]);
    stop();
    await done;
  });

  it('goes through all again when the count changes meanwhile', async () => {
    const { partitioning, walks, stop, done } = createPlacing();
    await pass(0);
    partitioning.of = 5;
    await pass(10_000);
    expect(walks().slice(-3)).toEqual(['anew 0 of 5', 'anew 1 of 5', 'anew 2 of 5']);
    stop();
    await done;
  });

  it('looks for strays every second, and at once for the rest of many', async () => {
    const { strays, looks, wakes, stop, done } = createPlacing();
    await pass(0);
    expect(looks()).toBe(1);
    strays.push(...[500, 500].map((placed) => ({ placed, isAll: false })));
    strays.push({ placed: 7, isAll: true });
    await pass(1_000);
    expect(looks()).toBe(4);
    expect(wakes()).toBe(3);
    await pass(1_000);
    expect(looks()).toBe(5);
    expect(wakes()).toBe(3);
    stop();
    await done;
  });

  it('goes on where it was when the database was away', async () => {
    const { walks, fail, logger, looks, stop, done } = createPlacing();
    await pass(0);
    fail(4);
    await pass(20_000);
    expect(walks().at(-1)).toBe('anew 2 of 4');
    expect(logger.of('database_retry')).toHaveLength(4);
    await pass(1_000);
    expect(looks()).toBeGreaterThan(0);
    stop();
    await done;
  });
});
