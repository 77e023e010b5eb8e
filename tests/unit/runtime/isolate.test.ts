import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Stopping } from '../../../src/runtime/abort.ts';
import { insist, isolate } from '../../../src/runtime/isolate.ts';
import { eachOf } from '../../support/eachOf.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';

class Away extends Error {}
const bad = new Error('bad item');

let stopping: AbortController;
const options = () => ({
  what: 'look-up',
  signal: stopping.signal,
  logger: createMemoryLogger(),
  passes: (error: Error) => error instanceof Away,
});

beforeEach(() => {
  jest.useFakeTimers();
  stopping = new AbortController();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Doubles numbers, unless one of these is among them. */
function doublingBut(...refused: readonly number[]) {
  const batches: (readonly number[])[] = [];
  const together = async (items: readonly number[]): Promise<readonly number[]> => {
    batches.push(items);
    if (items.some((item) => refused.includes(item))) throw await Promise.resolve(bad);
    return items.map((item) => 2 * item);
  };
  return { batches, together };
}

describe('isolate', () => {
  const alone = jest.fn<(item: number, error: Error) => Promise<number>>();
  beforeEach(() => {
    alone.mockReset();
    alone.mockImplementation(async (item) => await Promise.resolve(-item));
  });
  const doubled = async (items: readonly number[], ...refused: readonly number[]) => {
    const { together, batches } = doublingBut(...refused);
    const results = await eachOf(isolate(items, together, { ...options(), alone }));
    return { results, batches };
  };

  it('does a batch at once when nothing is wrong with it', async () => {
    const { results, batches } = await doubled([1, 2, 3]);
    expect(results).toEqual([2, 4, 6]);
    expect(batches).toHaveLength(1);
  });

  it('asks for nothing when there is nothing', async () => {
    expect(await doubled([])).toEqual({ results: [], batches: [] });
  });

  it.each([[[1]], [[2]], [[5]], [[1, 2]], [[1, 3, 5]], [[1, 2, 3, 4, 5]], [[]]])(
    'sees to each that fails by itself, and keeps the order: %j',
    async (refused) => {
      const items = [1, 2, 3, 4, 5];
      const { results } = await doubled(items, ...refused);
      expect(results).toEqual(items.map((item) => (refused.includes(item) ? -item : 2 * item)));
      expect(alone.mock.calls).toEqual(refused.map((item) => [item, bad]));
    },
  );

  it('finds one among 500 in some twenty tries', async () => {
    const items = Array.from({ length: 500 }, (_, index) => index + 1);
    const { batches } = await doubled(items, 333);
    expect(batches.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(500)) + 1);
  });

  it('lets nobody wait for one that fails', async () => {
    alone.mockImplementation(async () => await new Promise<number>(() => undefined));
    const { together } = doublingBut(2);
    const results = await isolate([1, 2, 3], together, { ...options(), alone });
    expect([results[0], results[2]]).toEqual([2, 6]);
    expect(results[1]).toBeInstanceOf(Promise);
  });

  it('tries the whole batch again while the error is one that passes', async () => {
    let failures = 3;
    const done = isolate(
      [1, 2],
      async (items) => {
        failures -= 1;
        if (failures >= 0) throw await Promise.resolve(new Away('no primary'));
        return items;
      },
      { ...options(), alone },
    );
    await jest.runAllTimersAsync();
    expect(await done).toEqual([1, 2]);
    expect(alone).not.toHaveBeenCalled();
  });

  it('lays nothing to an item when a stop comes', async () => {
    const reason = new Stopping();
    const done = isolate(
      [1],
      async () => {
        stopping.abort(reason);
        throw await Promise.resolve(bad);
      },
      { ...options(), alone },
    );
    await expect(done).rejects.toBe(reason);
    expect(alone).not.toHaveBeenCalled();
  });
});

describe('insist', () => {
  const operation = jest.fn<() => Promise<string>>();
  const probe = jest.fn<() => Promise<void>>();
  beforeEach(() => {
    operation.mockReset();
    probe.mockReset();
    probe.mockResolvedValue();
  });
  const insisted = async () => {
    const done = insist(operation, { ...options(), probe });
    await jest.runAllTimersAsync();
    return await done;
  };

  it('gives what comes of it, and asks for nothing else', async () => {
    operation.mockResolvedValue('done');
    expect(await insisted()).toEqual({ kind: 'done', result: 'done' });
    expect(probe).not.toHaveBeenCalled();
  });

  it('refuses what has failed eight times in a row while nothing else did', async () => {
    operation.mockRejectedValue(bad);
    expect(await insisted()).toEqual({ kind: 'refused', error: bad });
    expect(operation).toHaveBeenCalledTimes(8);
    expect(probe).toHaveBeenCalledTimes(16);
  });

  it('refuses nothing that goes well at the eighth time', async () => {
    for (let time = 1; time <= 7; time += 1) operation.mockRejectedValueOnce(bad);
    operation.mockResolvedValue('done');
    expect(await insisted()).toEqual({ kind: 'done', result: 'done' });
  });

  it('begins anew when the same fails for nothing at all, by whatever error', async () => {
    operation.mockRejectedValue(bad);
    // After each seventh failure, at the second look.
    for (let round = 1; round <= 5; round += 1) {
      for (let look = 1; look <= 13; look += 1) probe.mockResolvedValueOnce();
      probe.mockRejectedValueOnce(bad);
    }
    expect(await insisted()).toEqual({ kind: 'refused', error: bad });
    expect(operation).toHaveBeenCalledTimes(5 * 7 + 8);
  });

  it('ends with the reason of a stop', async () => {
    operation.mockRejectedValue(bad);
    probe.mockRejectedValue(bad);
    const done = insist(operation, { ...options(), probe });
    done.catch(() => undefined);
    await jest.advanceTimersByTimeAsync(1_000);
    const reason = new Stopping();
    stopping.abort(reason);
    await expect(done).rejects.toBe(reason);
  });
});
