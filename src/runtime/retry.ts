import { abortReason, delay, orAbort, Stopping } from './abort.ts';
import { toError } from './errors.ts';
import type { Logger } from './logger.ts';

export interface Backoff {
  /** The next wait in ms: doubles from `minMs` to `maxMs`, times 0.5 to 1 so that peers spread out. */
  next(): number;
  /** Call after a success. */
  reset(): void;
}

export function createBackoff(options: {
  readonly minMs: number;
  readonly maxMs: number;
  readonly random?: () => number;
}): Backoff {
  const { minMs, maxMs, random = Math.random } = options;
  let ceilingMs = minMs;
  return {
    next() {
      const waitMs = ceilingMs * (0.5 + random() / 2);
      ceilingMs = Math.min(ceilingMs * 2, maxMs);
      return waitMs;
    },
    reset() {
      ceilingMs = minMs;
    },
  };
}

export interface RetryOptions {
  readonly what: string;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Whether an error is known to pass; by default, every one is. */
  passes?(error: Error): boolean;
}

/**
 * Does something on a database again until it succeeds, 0.2 s to 5 s apart: an election, a restart or a
 * lost network must lose nothing. `operation` must be safe to do twice. Rejects with an error that is not known to
 * pass, and once `signal` is aborted, then at once: what is under way is left to itself.
 */
export async function retryTransient<Result>(
  operation: () => Promise<Result>,
  { what, signal, logger, passes = () => true }: RetryOptions,
): Promise<Result> {
  const backoff = createBackoff({ minMs: 200, maxMs: 5_000 });
  for (;;) {
    try {
      // After an abort it still tries once: this may be the final save.
      return await (signal.aborted ? operation() : orAbort(operation(), signal));
    } catch (thrown) {
      if (thrown instanceof Stopping) throw thrown;
      if (signal.aborted) throw abortReason(signal);
      const error = toError(thrown);
      if (!passes(error)) throw error;
      const waitMs = Math.round(backoff.next());
      logger.warn('database_retry', { what, waitMs, error });
      await delay(waitMs, signal);
    }
  }
}
