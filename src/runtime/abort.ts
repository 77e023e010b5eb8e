import { setMaxListeners } from 'node:events';

/** Waits, or rejects with the signal's reason as soon as it is aborted. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** The signal's reason, as the Error that a throw needs. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}

/** The reason given to signals when the worker is stopping. */
export class Stopping extends Error {
  override readonly name: string = 'Stopping';
  constructor() {
    super('the worker is stopping');
  }
}

/** A later holder of the lease has taken over: what this one has to say about the position is void. */
export class Fenced extends Stopping {
  override readonly name = 'Fenced';
}

/**
 * Aborted as soon as one of these is. Everything under way may listen to it, which is far more listeners
 * than Node takes for a leak.
 */
export function anyOf(...signals: readonly AbortSignal[]): AbortSignal {
  const signal = AbortSignal.any([...signals]);
  setMaxListeners(0, signal);
  return signal;
}
