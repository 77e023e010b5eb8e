import type { AttemptOutcome } from './attempt.ts';
import type { PastAttempt } from './record.ts';

/** What a notification's attempts have come to so far. Survives the process in durable state. */
export interface AttemptLog {
  /** Attempts begun. One cut off by a crash counts, though nothing is known of it. */
  readonly begun: number;
  readonly firstAttemptAt: Date | null;
  /** How the last attempt that ended did. */
  readonly last: AttemptOutcome | null;
  /** The ten before it, oldest first. */
  readonly history: readonly PastAttempt[];
}

const HISTORY_KEPT = 10;

export const noAttempts: AttemptLog = { begun: 0, firstAttemptAt: null, last: null, history: [] };

export function withAttemptBegun(log: AttemptLog, at: Date): AttemptLog {
  return { ...log, begun: log.begun + 1, firstAttemptAt: log.firstAttemptAt ?? at };
}

export function withOutcome(log: AttemptLog, outcome: AttemptOutcome): AttemptLog {
  const { last } = log;
  const history = last === null ? log.history : [...log.history, pastAttempt(last)];
  return { ...log, last: outcome, history: history.slice(-HISTORY_KEPT) };
}

function pastAttempt(outcome: AttemptOutcome): PastAttempt {
  return {
    at: outcome.startedAt,
    statusCode: outcome.kind === 'answered' ? outcome.statusCode : null,
    error: outcome.error,
    durationMs: outcome.durationMs,
  };
}
