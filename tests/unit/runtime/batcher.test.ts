import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { createBatcher, type BatcherOptions } from '../../../src/runtime/batcher.ts';
import { deferred, type Deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';

interface Batch {
  readonly items: readonly number[];
  readonly answer: Deferred<readonly string[]>;
}

/** A batcher whose batches are answered by hand. */
function createHeld(options: Partial<BatcherOptions<number, string>> = {}) {
  const batches: Batch[] = [];
  const batcher = createBatcher<number, string>({
    maxSize: 3,
    lingerMs: 0,
    concurrency: 1,
    async run(items) {
      const answer = deferred<readonly string[]>();
      batches.push({ items, answer });
      return await answer.promise;
    },
    ...options,
  });
  const answer = (index: number): void => {
    const batch = batches[index];
    if (batch === undefined) throw new Error(`there is no batch ${index}`);
    batch.answer.resolve(batch.items.map(String));
  };
  const itemsOf = (): (readonly number[])[] => batches.map(({ items }) => items);
  return { ...batcher, answer, batches, itemsOf };
}

async function turns(): Promise<void> {
  for (let left = 5; left > 0; left -= 1) await turn();
}

describe('a batcher of items that weigh', () => {
  it('makes batches no heavier than it may, and one of each item that is heavier', async () => {
    const { add, answer, itemsOf } = createHeld({
      maxSize: 100,
      weight: { atMost: 10, of: (item) => item },
    });
    for (const item of [4, 6, 1, 50, 3, 3]) void add(item);
    for (const index of [0, 1, 2]) {
      await turns();
      answer(index);
    }
    await turns();
    expect(itemsOf()).toEqual([[4, 6], [1], [50], [3, 3]]);
  });

  it('asks before each batch how many there may be', async () => {
    let size = 1;
    const { add, answer, itemsOf } = createHeld({ maxSize: () => size });
    for (const item of [1, 2, 3, 4]) void add(item);
    size = 2;
    answer(0);
    await turns();
    answer(1);
    await turns();
    expect(itemsOf()).toEqual([[1], [2, 3], [4]]);
  });
});

describe('a batcher without a linger', () => {
  it('puts what comes in one turn into one batch and gives each its own answer', async () => {
    const { add, answer, itemsOf } = createHeld();
    const answers = Promise.all([add(1), add(2)]);
    expect(itemsOf()).toEqual([]);
    await turn();
    expect(itemsOf()).toEqual([[1, 2]]);
    answer(0);
    expect(await answers).toEqual(['1', '2']);
  });

  it('starts a full batch at once', () => {
    const { add, itemsOf } = createHeld();
    for (const item of [1, 2, 3]) void add(item);
    expect(itemsOf()).toEqual([[1, 2, 3]]);
  });

  it('gathers what comes while its batches are busy', async () => {
    const { add, answer, itemsOf } = createHeld();
    const first = add(1);
    await turn();
    const others = Promise.all([2, 3, 4, 5].map(add));
    await turn();
    expect(itemsOf()).toEqual([[1]]);
    answer(0);
    await first;
    expect(itemsOf()).toEqual([[1], [2, 3, 4]]);
    answer(1);
    await turn();
    await turn();
    expect(itemsOf()).toEqual([[1], [2, 3, 4], [5]]);
    answer(2);
    expect(await others).toEqual(['2', '3', '4', '5']);
  });

  it('rejects a whole batch with its failure, and goes on', async () => {
    const { add, batches, answer } = createHeld();
    const failing = Promise.allSettled([add(1), add(2), add(3)]);
    const failure = new Error('the database is gone');
    batches[0]?.answer.reject(failure);
    expect(await failing).toEqual([1, 2, 3].map(() => ({ status: 'rejected', reason: failure })));
    const next = add(4);
    await turn();
    answer(1);
    expect(await next).toBe('4');
  });

  it('rejects a batch that throws at once', async () => {
    const { add } = createHeld({
      run() {
        throw new Error('at once');
      },
    });
    await expect(add(1)).rejects.toThrow('at once');
  });

  it.each([[['one']], [['one', 'two', 'three']]])(
    'rejects a batch of two that is answered with %j',
    async (answers) => {
      const { add } = createHeld({ run: () => Promise.resolve(answers) });
      const wrong = { status: 'rejected', reason: new Error('a batch must answer every item') };
      expect(await Promise.allSettled([add(1), add(2)])).toEqual([wrong, wrong]);
    },
  );

  it('is idle when nothing is queued or running, and not before', async () => {
    const { add, answer, idle } = createHeld();
    await idle();
    void add(1);
    const waiting = idle();
    const seen = watch(waiting);
    await turn();
    expect(seen.isSettled).toBe(false);
    void add(2);
    answer(0);
    await turn();
    await turn();
    expect(seen.isSettled).toBe(false);
    answer(1);
    await waiting;
  });
});

describe('a batcher of which several batches run', () => {
  it('is not idle while one of them does', async () => {
    const { add, answer, idle } = createHeld({ maxSize: 1, concurrency: 2 });
    const answers = Promise.all([add(1), add(2)]);
    const waiting = idle();
    const seen = watch(waiting);
    answer(1);
    await turn();
    expect(seen.isSettled).toBe(false);
    answer(0);
    await waiting;
    expect(await answers).toEqual(['1', '2']);
  });
});

describe('a batcher with a linger', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('waits for company for that long from the first on', () => {
    const { add, itemsOf } = createHeld({ lingerMs: 5 });
    void add(1);
    jest.advanceTimersByTime(4);
    void add(2);
    expect(itemsOf()).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(itemsOf()).toEqual([[1, 2]]);
  });

  it('asks before each batch how long that is', () => {
    let lingerMs = 5;
    const { add, itemsOf } = createHeld({ lingerMs: () => lingerMs, concurrency: 2 });
    void add(1);
    lingerMs = 2;
    jest.advanceTimersByTime(4);
    expect(itemsOf()).toEqual([]);
    jest.advanceTimersByTime(1);
    void add(2);
    jest.advanceTimersByTime(2);
    expect(itemsOf()).toEqual([[1], [2]]);
  });

  // Outcomes waited for 25 ms since the first of them, although all slots were held by then.
  it('cuts the wait short for an item that comes when it is to be shorter, and makes it no longer', () => {
    let lingerMs = 25;
    const { add, itemsOf } = createHeld({ lingerMs: () => lingerMs });
    void add(1);
    jest.advanceTimersByTime(5);
    lingerMs = 2;
    void add(2);
    lingerMs = 25;
    jest.advanceTimersByTime(1);
    expect(itemsOf()).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(itemsOf()).toEqual([[1, 2]]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not wait when a batch is full', () => {
    const { add, itemsOf } = createHeld({ lingerMs: 5 });
    for (const item of [1, 2, 3]) void add(item);
    expect(itemsOf()).toEqual([[1, 2, 3]]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

/** A chain of what happens: an item is added, or a turn of the event loop goes by. */
const happenings = fc.array(fc.constantFrom('add', 'turn'), { maxLength: 60, size: 'medium' });

describe('a batcher under any load', () => {
  it('answers each item once, never beyond its size and its concurrency', async () => {
    const limits = fc.record({
      maxSize: fc.integer({ min: 1, max: 5 }),
      concurrency: fc.integer({ min: 1, max: 3 }),
      lingerMs: fc.constantFrom(0, 1),
    });
    const property = fc.asyncProperty(
      limits,
      happenings,
      fc.scheduler(),
      async (limit, steps, s) => {
        let running = 0;
        const seen: number[] = [];
        const { add, idle } = createBatcher<number, string>({
          ...limit,
          async run(items) {
            running += 1;
            expect(running).toBeLessThanOrEqual(limit.concurrency);
            expect(items.length).toBeGreaterThanOrEqual(1);
            expect(items.length).toBeLessThanOrEqual(limit.maxSize);
            seen.push(...items);
            await s.schedule(Promise.resolve());
            running -= 1;
            return items.map(String);
          },
        });
        const answers: Promise<string>[] = [];
        const load = async (): Promise<void> => {
          for (const step of steps) {
            if (step === 'add') answers.push(add(answers.length));
            else await turn();
          }
          await idle();
          expect(running).toBe(0);
        };
        await s.waitFor(load());
        const items = answers.map((_answer, index) => index);
        expect(seen).toEqual(items);
        expect(await Promise.all(answers)).toEqual(items.map(String));
      },
    );
    await fc.assert(property);
  }, 60_000);
});
