import { Stopping } from './abort.ts';

/** Kept from the graceful period for what comes after the last attempt: the checkpoint, closing. */
const CLOSING_MS = 2_000;
/**
 * One request to stop often comes as two signals: a terminal and systemd send it to every process of the
 * group, npm among them, which hands it on.
 */
const SAME_REQUEST_MS = 100;
/** For the outcome of a call that took as long as it may; and for writing what was given up. */
const LAST_CALL_MS = 250;
const LAST_WRITE_MS = 100;
const stopSignals = ['SIGTERM', 'SIGINT'] as const;

export interface StopSignals {
  /** Aborted by the first signal: start nothing new, finish what runs. */
  readonly stopping: AbortSignal;
  /** Aborted when there is no more time for what still runs. */
  readonly abandoned: AbortSignal;
}

/**
 * Turns SIGTERM and SIGINT into the two stages of a stop. `onOverdue` is called when the process is still
 * there after `graceMs`. A second request ends the process at once, as if it had never been caught.
 */
export function onStopSignals(options: {
  readonly graceMs: number;
  /** A call that has begun may take so long; it is not given up before, within the graceful period. */
  readonly longestCallMs: number;
  onSignal(signal: NodeJS.Signals): void;
  onOverdue(): void;
}): StopSignals {
  const { graceMs, longestCallMs, onSignal, onOverdue } = options;
  const stopping = new AbortController();
  const abandoned = new AbortController();
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping.signal.aborted) return;
    onSignal(signal);
    stopping.abort(new Stopping());
    const abandonMs = Math.max(
      graceMs - CLOSING_MS,
      Math.min(longestCallMs + LAST_CALL_MS, graceMs - LAST_WRITE_MS),
    );
    // None of these keeps a process alive that has nothing else left to do.
    setTimeout(stopCatching, SAME_REQUEST_MS).unref();
    setTimeout(() => abandoned.abort(new Stopping()), abandonMs).unref();
    setTimeout(onOverdue, graceMs).unref();
  };
  const stopCatching = (): void => {
    for (const each of stopSignals) process.off(each, stop);
  };
  for (const each of stopSignals) process.on(each, stop);
  return { stopping: stopping.signal, abandoned: abandoned.signal };
}
