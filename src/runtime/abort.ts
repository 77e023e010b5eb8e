import { setMaxListeners } from 'node:events';
import { toError } from './errors.ts';

/** Waits, or rejects with the signal's reason as soon as it is aborted. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const forget = onAbort(signal, (reason) => {
      clearTimeout(timer);
      reject(reason);
    });
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, ms);
  });
}

/** Waits, or returns as soon as the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, signal).catch(() => undefined);
}

/**
 * Does some work with a signal that is aborted after `ms`, or as soon as `signal` is. Not `AbortSignal.any`: a signal
 * that lives long never forgets what depends on it.
 */
export async function withPatience<Result>(
  ms: number,
  signal: AbortSignal,
  work: (patience: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const patience = new AbortController();
  const giveUp = (): void => patience.abort();
  const timer = setTimeout(giveUp, ms);
  const forget = onAbort(signal, giveUp);
  try {
    return await work(patience.signal);
  } finally {
    clearTimeout(timer);
    forget();
  }
}

/** Waits for the promise, or until `ms` have passed: what it comes to then is nobody's concern. */
export async function waitAtMost(ms: number, promise: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  await Promise.race([promise, pause(ms, patience.signal)]).finally(() => patience.abort());
}

/** The signal's reason, as the Error that a throw needs. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}

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

/** The reason given to signals when the worker is stopping. */
export class Stopping extends Error {
  override readonly name = 'Stopping';
  constructor() {
    super('the worker is stopping');
  }
}

/** For loops that a stop ends by a rejection. Whatever has not begun by then is left to a successor. */
export function ignoreStopping(thrown: unknown): void {
  if (!(thrown instanceof Stopping)) throw toError(thrown);
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

type Listener = (reason: Error) => void;

interface Entry {
  listener: Listener | null;
}

const entriesOf = new WeakMap<AbortSignal, Set<Entry>>();

/**
 * Registers what is to happen when the signal is aborted; the function it returns takes that back. A
 * listener must not throw.
 *
 * One listener per signal for all that share it. Node keeps a signal's listeners in a linked list and walks
 * it to add one or take one back: with thousands of things under way that took a tenth of all CPU time.
 */
export function onAbort(signal: AbortSignal, listener: Listener): () => void {
  const entries = entriesOf.get(signal) ?? listenTo(signal);
  const entry: Entry = { listener };
  entries.add(entry);
  return () => {
    entries.delete(entry);
    // What an old set drops is still held by its old storage, until that is collected. Without this
    // cut every finished call would survive its time as garbage: 30 µs of collecting per call.
    entry.listener = null;
  };
}

function listenTo(signal: AbortSignal): Set<Entry> {
  const entries = new Set<Entry>();
  entriesOf.set(signal, entries);
  const tellAll = (): void => {
    for (const entry of entries) entry.listener?.(abortReason(signal));
    entries.clear();
  };
  signal.addEventListener('abort', tellAll, { once: true });
  return entries;
}
