import { delay, Stopping } from './abort.ts';
import { createBackoff } from './backoff.ts';
import { toError } from './errors.ts';
import { retryTransient, type RetryOptions } from './retryTransient.ts';

type Insistence = RetryOptions & Required<Pick<RetryOptions, 'passes'>>;

/**
 * Does something for a whole batch, and again while its errors are known to pass. On any other error the batch is
 * halved, until what fails stands alone: `alone` sees to each of those, and nobody waits for it. Rejects only
 * because of a stop.
 */
export async function isolate<Item, Result>(
  items: readonly Item[],
  together: (items: readonly Item[]) => Promise<readonly Result[]>,
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
      // Whoever is given it hears of that later.
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

/** How often something has to fail before that is laid to it. */
const TRIES = 3;

/** What came of something done by itself: `refused` when it will never be done. */
export type Insisted<Result> =
  Readonly<{ kind: 'done'; result: Result }> | Readonly<{ kind: 'refused'; error: Error }>;

/**
 * Does something for one item, until it is done or has shown that it never will be: it has failed three times by errors
 * that are not known to pass, and after each of them the same was done for nothing at all (`probe`). While that fails
 * too, by whatever error, nothing is wrong with the item. Rejects only because of a stop.
 */
export async function insist<Result>(
  operation: () => Promise<Result>,
  { probe, ...options }: Insistence & { probe(): Promise<unknown> },
): Promise<Insisted<Result>> {
  const { what, signal, logger } = options;
  const backoff = createBackoff({ minMs: 200, maxMs: 5_000 });
  for (let tries = 1; ; tries += 1) {
    try {
      return { kind: 'done', result: await retryTransient(operation, options) };
    } catch (thrown) {
      const error = toError(thrown);
      if (signal.aborted || !isOfItems(error, options)) throw error;
      await retryTransient(probe, { what, signal, logger });
      if (tries === TRIES) return { kind: 'refused', error };
      logger.warn('database_retry', { what, error });
      await delay(backoff.next(), signal);
    }
  }
}
