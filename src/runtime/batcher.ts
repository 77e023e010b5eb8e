export interface Batcher<Item, Result> {
  /** Puts the item into a batch; settles as its batch does. */
  add(item: Item): Promise<Result>;
  /** Resolves when nothing is queued or running. */
  idle(): Promise<void>;
}

export interface BatcherOptions<Item, Result> {
  readonly maxSize: number;
  /** How long a batch that is not full waits for company. 0: as long as this turn of the event loop. */
  readonly lingerMs: number;
  /** Batches under way at once. While all are busy, the next batch grows to `maxSize`. */
  readonly concurrency: number;
  /** Must answer in the order of the items, one result each. A rejection rejects the whole batch. */
  run(items: readonly Item[]): Promise<readonly Result[]>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Turns single calls into batched ones: group commit for writes, one query for many reads. */
export function createBatcher<Item, Result>(
  options: BatcherOptions<Item, Result>,
): Batcher<Item, Result> {
  const { maxSize, lingerMs, concurrency, run } = options;
  let queue: Waiting<Item, Result>[] = [];
  let running = 0;
  let cancelFlush: (() => void) | null = null;
  let idleWaiters: (() => void)[] = [];

  const runBatch = async (batch: readonly Waiting<Item, Result>[]): Promise<void> => {
    running += 1;
    try {
      const results = await run(batch.map((waiting) => waiting.item));
      if (results.length !== batch.length) throw new Error('a batch must answer every item');
      for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as Result);
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      running -= 1;
      schedule();
    }
  };

  const flush = (): void => {
    cancelFlush?.();
    cancelFlush = null;
    while (running < concurrency && queue.length > 0) {
      const batch = queue.slice(0, maxSize);
      queue = queue.slice(maxSize);
      void runBatch(batch);
    }
  };

  const flushLater = (): (() => void) => {
    if (lingerMs === 0) {
      const immediate = setImmediate(flush);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(flush, lingerMs);
    return () => clearTimeout(timer);
  };

  const schedule = (): void => {
    if (queue.length >= maxSize) {
      flush();
    } else if (queue.length > 0 && cancelFlush === null && running < concurrency) {
      cancelFlush = flushLater();
    } else if (queue.length === 0 && running === 0) {
      const waiters = idleWaiters;
      idleWaiters = [];
      for (const resolve of waiters) resolve();
    }
  };

  return {
    add(item) {
      return new Promise<Result>((resolve, reject) => {
        queue.push({ item, resolve, reject });
        schedule();
      });
    },
    async idle() {
      if (queue.length === 0 && running === 0) return;
      await new Promise<void>((resolve) => idleWaiters.push(resolve));
    },
  };
}
