import { isDelivered, type AttemptOutcome } from './attempt.ts';
import type { FailedReason } from './record.ts';
import { parseRetryAfter } from './retryAfter.ts';

export interface RetrySchedule {
  /** The least waits before the first retries, which are made from memory. */
  readonly quickRetriesMs: readonly number[];
  /** Those before the retries after them, which are made from durable state. */
  readonly retryScheduleMs: readonly number[];
  /** The longest wait a receiver can ask for. */
  readonly retryAfterMaxMs: number;
}

/** What follows an attempt. */
export type NextStep =
  | Readonly<{ kind: 'delivered' }>
  | Readonly<{ kind: 'quickRetry'; waitMs: number }>
  /** The wait is served from durable state. */
  | Readonly<{ kind: 'parked'; waitMs: number }>
  | Readonly<{ kind: 'failed'; reason: FailedReason }>;

/**
 * `number` counts attempts from 1; `random` is in [0, 1). The wait before retry n is the n-th entry, or what
 * the receiver asked for if that is longer. It is stretched by up to a fifth, so that those who failed
 * together don't come back together, and never shortened. A wait longer than its quick entry is parked.
 */
export function nextStep(
  outcome: AttemptOutcome,
  number: number,
  schedule: RetrySchedule,
  { now, random }: Readonly<{ now: Date; random: number }>,
): NextStep {
  if (isDelivered(outcome)) return { kind: 'delivered' };
  const refusal = refusalOf(outcome);
  if (refusal !== null) return { kind: 'failed', reason: refusal };
  const { quickRetriesMs, retryScheduleMs, retryAfterMaxMs } = schedule;
  const quickMs = quickRetriesMs[number - 1];
  const entryMs = quickMs ?? retryScheduleMs[number - 1 - quickRetriesMs.length];
  if (entryMs === undefined) return { kind: 'failed', reason: 'attempts_exhausted' };
  const header = outcome.kind === 'answered' ? outcome.retryAfter : null;
  const askedMs = Math.min(parseRetryAfter(header, now) ?? 0, retryAfterMaxMs);
  const waitMs = Math.ceil(Math.max(entryMs, askedMs) * (1 + random / 5));
  const isQuick = quickMs !== undefined && askedMs <= quickMs;
  return isQuick ? { kind: 'quickRetry', waitMs } : { kind: 'parked', waitMs };
}

/** The receiver does not want this notification, or any; or it must not be called at all. */
function refusalOf(outcome: AttemptOutcome): FailedReason | null {
  if (outcome.kind === 'unanswered') {
    return outcome.error === 'blocked_address' ? 'blocked_address' : null;
  }
  if (outcome.statusCode === 410) return 'endpoint_gone';
  if (outcome.deliveryControl === 'disable') return 'endpoint_disabled';
  if (outcome.deliveryControl === 'abort-message') return 'aborted_by_receiver';
  return null;
}

/** Whether no more calls are to be made to this endpoint, also after a delivery. */
export function disablesEndpoint(outcome: AttemptOutcome): boolean {
  return (
    outcome.kind === 'answered' &&
    (outcome.statusCode === 410 || outcome.deliveryControl === 'disable')
  );
}
