import { abortReason } from '../runtime/abort.ts';

/**
 * The promise, but only for as long as the signal lets the caller wait: then it rejects with the
 * signal's reason, and what the promise comes to is nobody's concern any more.
 */
export async function orAbort<Result>(
  promise: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  return await new Promise<Result>((resolve, reject) => {
    const stop = (): void => reject(abortReason(signal));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
