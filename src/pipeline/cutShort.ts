import { noAttempts, type AttemptLog } from '../domain/attemptLog.ts';
import { delay, Stopping } from '../runtime/abort.ts';
import { NoRoom } from './lanes.ts';

/** A stop while waiting for a quick retry. */
class CutShort extends Error {
  readonly waitMs: number;
  constructor(waitMs: number) {
    super('the wait was cut short');
    this.waitMs = waitMs;
  }
}

/**
 * The wait to be served in durable state when a stop came between two attempts, cut one off, or came
 * before the first one of a notification from there, or when there was no room for the next attempt. Null
 * for anything else.
 */
export function cutShortAt(error: unknown, log: AttemptLog, taken: AttemptLog): number | null {
  if (error instanceof CutShort) return error.waitMs;
  const isPutOff = error instanceof Stopping || error instanceof NoRoom;
  return isPutOff && (log.begun > 0 || taken !== noAttempts) ? 0 : null;
}

/** A wait that a stop cuts short, to go on in durable state. */
export async function waitOrCutShort(waitMs: number, stopping: AbortSignal): Promise<void> {
  const until = performance.now() + waitMs;
  try {
    await delay(waitMs, stopping);
  } catch {
    throw new CutShort(Math.max(0, Math.ceil(until - performance.now())));
  }
}
