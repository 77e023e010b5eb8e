import { abortReason } from '../runtime/abort.ts';

/** Registers what is to happen on an abort; the function it returns takes that back. */
export type OnAbort = (listener: (reason: Error) => void) => () => void;

/**
 * One listener per signal for all calls that share it. Node keeps a signal's listeners in a linked list:
 * with one for each of hundreds of running calls every call would search it, and Node warn of a leak.
 */
export function createAbortListeners(): (signal: AbortSignal) => OnAbort {
  const bySignal = new WeakMap<AbortSignal, Set<(reason: Error) => void>>();
  const listenersOf = (signal: AbortSignal): Set<(reason: Error) => void> => {
    const known = bySignal.get(signal);
    if (known !== undefined) return known;
    const listeners = new Set<(reason: Error) => void>();
    bySignal.set(signal, listeners);
    signal.addEventListener('abort', () => {
      for (const listener of listeners) listener(abortReason(signal));
    });
    return listeners;
  };
  return (signal) => (listener) => {
    const listeners = listenersOf(signal).add(listener);
    return () => listeners.delete(listener);
  };
}
