export interface Batcher<Item, Result> {
  /** Puts the item into a batch; settles as its batch does. */
  add(item: Item): Promise<Result>;
  /** Resolves when nothing is queued or running. */
  idle(): Promise<void>;
}

export interface BatcherOptions<Item, Result> {
  /** Items in a batch at most; asked for anew before each. */
  readonly maxSize: number | (() => number);
  /** Nor more than together weigh so much; one item of any weight makes a batch. */
  readonly weight?: Readonly<{ atMost: number; of(item: Item): number }>;
  /**
   * How long a batch that is not full waits for more, asked again for each item. 0: until the end of this turn of the
   * event loop.
   */
  readonly lingerMs: number | (() => number);
  /** Batches under way at once; asked for anew before each. While all are busy, the next grows to `maxSize`. */
  readonly concurrency: number | (() => number);
  /**
   * Must answer in the order of the items, one result each, or what will give it: the batch is over then, and
   * nobody else waits for it. A rejection rejects the whole batch.
   */
  run(items: readonly Item[]): Promise<readonly (Result | Promise<Result>)[]>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  resolve(result: Result | Promise<Result>): void;
  reject(error: unknown): void;
}

/** Turns single calls into batched ones: group commit for writes, one query for many reads. */
export function createBatcher<Item, Result>(
  options: BatcherOptions<Item, Result>,
): Batcher<Item, Result> {
  const { run, weight } = options;
  const hasTurn = (): boolean => running < valueOf(options.concurrency);
  const maxSize = (): number => valueOf(options.maxSize);
  let queue: Waiting<Item, Result>[] = [];
  let running = 0;
  let cancelFlush: (() => void) | null = null;
  let flushAtMs = 0;
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

  const sizeOf = (waiting: readonly Waiting<Item, Result>[]): number => {
    const size = Math.min(waiting.length, maxSize());
    if (weight === undefined) return size;
    let sum = 0;
    for (const [index, { item }] of waiting.entries()) {
      if (index === size) break;
      sum += weight.of(item);
      if (sum > weight.atMost) return Math.max(1, index);
    }
    return size;
  };

  const flush = (): void => {
    cancelFlush?.();
    cancelFlush = null;
    while (hasTurn() && queue.length > 0) {
      const size = sizeOf(queue);
      const batch = queue.slice(0, size);
      queue = queue.slice(size);
      void runBatch(batch);
    }
  };

  const flushLater = (): (() => void) => {
    const lingerMs = valueOf(options.lingerMs);
    if (lingerMs === 0) {
      const immediate = setImmediate(flush);
      return () => clearImmediate(immediate);
    }
    flushAtMs = performance.now() + lingerMs;
    const timer = setTimeout(flush, lingerMs);
    return () => clearTimeout(timer);
  };

  /** By what `lingerMs` says now. */
  const isWaitTooLong = (): boolean =>
    typeof options.lingerMs === 'function' &&
    performance.now() + options.lingerMs() < flushAtMs - 1;
  const schedule = (): void => {
    if (queue.length >= maxSize()) {
      flush();
    } else if (queue.length > 0 && hasTurn()) {
      if (cancelFlush !== null && !isWaitTooLong()) return;
      cancelFlush?.();
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

function valueOf(setting: number | (() => number)): number {
  return typeof setting === 'number' ? setting : setting();
}
