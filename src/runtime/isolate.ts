import { delay, Stopping } from './abort.ts';
import { createBackoff, type RetryOptions, retryTransient } from './retry.ts';
import { toError } from './errors.ts';

type Insistence = RetryOptions & Required<Pick<RetryOptions, 'passes'>>;

/**
 * Does something for a whole batch, and again while its errors are known to pass. On any other error the batch is
 * halved, until what fails stands alone: `alone` sees to each of those, and nobody waits for it. Rejects only
 * because of a stop.
 */
export async function isolate<Item, Result>(
  items: readonly Item[],
  together: (items: readonly Item[]) => Promise<readonly (Result | Promise<Result>)[]>,
  options: Insistence & {
    /** What comes of one that fails by itself. */
    alone(item: Item, error: Error): Promise<Result>;
  },
): Promise<readonly (Result | Promise<Result>)[]> {
  const { signal, alone } = options;
  if (items.length === 0) return [];
  try {
    return await retryTransient(() => together(items), options);
  } catch (thrown) {
    const error = toError(thrown);
    if (signal.aborted || !isOfItems(error, options)) throw error;
    const [only] = items;
    if (items.length === 1) {
      const result = alone(only as Item, error);
      // The awaiting caller handles the rejection.
      result.catch(() => undefined);
      return [result];
    }
    const middle = Math.ceil(items.length / 2);
    const first = await isolate(items.slice(0, middle), together, options);
    return [...first, ...(await isolate(items.slice(middle), together, options))];
  }
}

function isOfItems(error: Error, { passes }: Insistence): boolean {
  return !(error instanceof Stopping) && !passes(error);
}

/**
 * Failures before an item is blamed, and successful probes that are required after each. A database that fails for
 * everybody with probability p would be taken for the item's fault with (p(1 - p)²)⁸: once in 10⁷ at the worst. Three
 * tries and one look took 69 of 300 healthy items at p = 0.6.
 */
const TRIES = 8;
const LOOKS = 2;

/** What came of something done by itself: `refused` when it will never be done. */
export type Insisted<Result> =
  Readonly<{ kind: 'done'; result: Result }> | Readonly<{ kind: 'refused'; error: Error }>;

/**
 * Does something for one item, until it is done or has shown that it never will be: by errors that are not known to
 * pass it has failed eight times in a row, and after each of them the same was done for nothing at all (`probe`), at
 * once and twice. When that fails too, by whatever error, nothing is known to be wrong with the item, and it
 * begins anew. Takes seven seconds, in which nobody else waits. Rejects only because of a stop.
 */
export async function insist<Result>(
  operation: () => Promise<Result>,
  { probe, ...options }: Insistence & { probe(): Promise<unknown> },
): Promise<Insisted<Result>> {
  const { what, signal, logger } = options;
  const backoff = createBackoff({ minMs: 200, maxMs: 2_000 });
  for (let tries = 1; ; tries += 1) {
    try {
      return { kind: 'done', result: await retryTransient(operation, options) };
    } catch (thrown) {
      const error = toError(thrown);
      if (signal.aborted || !isOfItems(error, options)) throw error;
      if (!(await succeeds(probe, LOOKS))) tries = 0;
      if (tries === TRIES) return { kind: 'refused', error };
      logger.warn('database_retry', { what, error });
      await delay(backoff.next(), signal);
    }
  }
}

async function succeeds(probe: () => Promise<unknown>, times: number): Promise<boolean> {
  try {
    for (let time = 1; time <= times; time += 1) await probe();
    return true;
  } catch {
    return false;
  }
}
