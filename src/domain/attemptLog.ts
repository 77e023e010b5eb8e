import type { AttemptOutcome } from './attempt.ts';
import type { PastAttempt } from './record.ts';

/** What a notification's attempts have come to so far. Survives the process in durable state. */
export interface AttemptLog {
  /** Attempts begun. One cut off by a crash counts, though nothing is known of it. */
  readonly begun: number;
  readonly firstAttemptAt: Date | null;
  /** When the attempt began whose outcome is not known: it runs, or a crash has cut it off. */
  readonly runningSince: Date | null;
  /** How the attempt before it did, or, when none runs, the last one. */
  readonly last: AttemptOutcome | null;
  /** The ten before that, oldest first. */
  readonly history: readonly PastAttempt[];
}

const HISTORY_KEPT = 10;

export const noAttempts: AttemptLog = {
  begun: 0,
  firstAttemptAt: null,
  runningSince: null,
  last: null,
  history: [],
};

/** One that was still running has been cut off by then. */
export function withAttemptBegun(log: AttemptLog, at: Date): AttemptLog {
  const { runningSince, firstAttemptAt } = log;
  const known =
    runningSince === null
      ? log
      : { ...log, last: null, history: kept([...pastOf(log), cutOff(runningSince)]) };
  return {
    ...known,
    begun: log.begun + 1,
    firstAttemptAt: firstAttemptAt ?? at,
    runningSince: at,
  };
}

export function withOutcome(log: AttemptLog, outcome: AttemptOutcome): AttemptLog {
  return { ...log, runningSince: null, last: outcome, history: pastOf(log) };
}

/** The attempts before the last one, whether that has ended or was cut off; oldest first. */
export function attemptsBeforeLast(log: AttemptLog): readonly PastAttempt[] {
  return log.runningSince === null ? log.history : pastOf(log);
}

function pastOf({ last, history }: AttemptLog): readonly PastAttempt[] {
  return last === null ? history : kept([...history, pastAttempt(last)]);
}

function kept(history: readonly PastAttempt[]): readonly PastAttempt[] {
  return history.slice(-HISTORY_KEPT);
}

function cutOff(at: Date): PastAttempt {
  return { at, statusCode: null, error: null, durationMs: 0 };
}

function pastAttempt(outcome: AttemptOutcome): PastAttempt {
  return {
    at: outcome.startedAt,
    statusCode: outcome.kind === 'answered' ? outcome.statusCode : null,
    error: outcome.error,
    durationMs: outcome.durationMs,
  };
}
