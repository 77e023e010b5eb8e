import { Stopping } from './abort.ts';

/** Kept from the graceful period for what comes after the last attempt: the checkpoint, closing. */
const CLOSING_MS = 2_000;
/**
 * One request to stop often comes as two signals: a terminal and systemd send it to every process of the
 * group, npm among them, which hands it on.
 */
const SAME_REQUEST_MS = 250;
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
  onSignal(signal: NodeJS.Signals): void;
  onOverdue(): void;
}): StopSignals {
  const { graceMs, onSignal, onOverdue } = options;
  const stopping = new AbortController();
  const abandoned = new AbortController();
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping.signal.aborted) return;
    onSignal(signal);
    stopping.abort(new Stopping());
    const abandonMs = Math.max(graceMs - CLOSING_MS, graceMs / 2);
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
