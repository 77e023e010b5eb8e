import { abortReason, onAbort } from '../runtime/abort.ts';

/**
 * The promise, but only for as long as the signal lets the caller wait: then it rejects with the
 * signal's reason, and what the promise comes to is nobody's concern any more.
 */
export async function orAbort<Result>(
  promise: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  return await new Promise<Result>((resolve, reject) => {
    if (signal.aborted) reject(abortReason(signal));
    promise.then(resolve, reject).finally(onAbort(signal, reject));
  });
}
