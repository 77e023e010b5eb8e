import { type AttemptOutcome, isDelivered } from './attempt.ts';
import type { FailedReason } from './record.ts';

export interface RetrySchedule {
  /** The least waits before the first retries, which are made from memory. */
  readonly quickRetriesMs: readonly number[];
  /** Those before later retries, which are made from the database. */
  readonly retryScheduleMs: readonly number[];
  /** The longest wait a receiver can ask for. */
  readonly retryAfterMaxMs: number;
}

/** What follows an attempt. */
export type NextStep =
  | Readonly<{ kind: 'delivered' }>
  | Readonly<{ kind: 'quickRetry'; waitMs: number }>
  /** It waits in the database. */
  | Readonly<{ kind: 'scheduled'; waitMs: number }>
  | Readonly<{ kind: 'failed'; reason: FailedReason }>;

interface Limits {
  readonly now: Date;
  /** In [0, 1). */
  readonly random: number;
  /** No attempt may begin after this. */
  readonly deadline: Date;
  /** Whether it can wait in the database. */
  readonly canBeScheduled: boolean;
}

/** The last moment an attempt may begin; `acceptedAt`: when a worker first read the status. */
export function deadlineOf(acceptedAt: Date, giveUpAfterMs: number): Date {
  return new Date(acceptedAt.getTime() + giveUpAfterMs);
}

/**
 * `number` counts attempts from 1. The wait before retry n is the n-th entry, or what the receiver asked for if
 * that is longer. It is stretched by up to a fifth, so that those who failed together don't come back together,
 * and never shortened. A wait longer than its quick entry is scheduled.
 */
export function nextStep(
  outcome: AttemptOutcome,
  number: number,
  schedule: RetrySchedule,
  { now, random, deadline, canBeScheduled }: Limits,
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
  if (now.getTime() + waitMs > deadline.getTime()) return { kind: 'failed', reason: 'expired' };
  if (quickMs !== undefined && askedMs <= quickMs) return { kind: 'quickRetry', waitMs };
  if (!canBeScheduled) return { kind: 'failed', reason: 'attempts_exhausted' };
  return { kind: 'scheduled', waitMs };
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

/**
 * A `Retry-After` header as milliseconds from `now`: seconds, or an HTTP date (RFC 9110 §10.2.3). Seconds with decimals
 * are in no standard, but in many answers. Null when there is none, it is neither, or it lies in the past.
 */
export function parseRetryAfter(header: string | null, now: Date): number | null {
  if (header === null) return null;
  const text = header.trim();
  if (/^(?:\d+\.?\d*|\.\d+)$/.test(text)) return Math.ceil(Number(text) * 1_000);
  if (!httpDate.test(text)) return null;
  // The oldest form names no time zone: all of them are in UTC.
  const ms = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) - now.getTime();
  return ms > 0 ? ms : null;
}

/** The three forms RFC 9110 §5.6.7 names; `Date.parse` alone would take nearly anything for a date. */
const httpDate =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/;

/** Doubles, so that a short outage costs a short delay. */
const FIRST_MS = 10_000;
const LONGEST_MS = 600_000;

/** How long a notification whose route can't be looked up waits before it is asked for again. */
export function routeWaitMs(lookUpsInVain: number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(lookUpsInVain, 20), LONGEST_MS);
}
