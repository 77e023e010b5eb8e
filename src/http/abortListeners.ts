import { abortReason } from '../runtime/abort.ts';

type Listener = (reason: Error) => void;

/** Registers what is to happen on an abort; the function it returns takes that back. */
export type OnAbort = (listener: Listener) => () => void;

/**
 * One listener per signal for all the calls that share it. Node keeps a signal's listeners in a linked list:
 * with one for each of hundreds of running calls every call would search it, and Node warn of a leak.
 */
export function createAbortListeners(): (signal: AbortSignal) => OnAbort {
  const bySignal = new WeakMap<AbortSignal, Set<{ listener: Listener | null }>>();
  return (signal) => {
    const entries = bySignal.get(signal) ?? new Set<{ listener: Listener | null }>();
    if (!bySignal.has(signal)) {
      bySignal.set(signal, entries);
      signal.addEventListener('abort', () => {
        for (const entry of entries) entry.listener?.(abortReason(signal));
      });
    }
    return (listener) => {
      const entry: { listener: Listener | null } = { listener };
      entries.add(entry);
      return () => {
        entries.delete(entry);
        // What an old set drops is still held by its old storage, until that is collected. Without this
        // cut every finished call would survive its time as garbage: 30 µs of collecting per call.
        entry.listener = null;
      };
    };
  };
}
