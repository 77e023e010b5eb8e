import type { AttemptOutcome } from './attempt.ts';
import type { IntegerId } from './integerId.ts';
import type { Subject } from './notification.ts';
import { attemptsBeforeLast, type AttemptLog } from './attemptLog.ts';
import type { DeliveryRecord, FailedReason, SkippedReason } from './record.ts';

/** What a record says of a notification's subject. */
export type RecordedSubject = Pick<Subject, 'deliveryStatus' | 'statusAt' | 'notificationId'>;

/** What a record says of a webhook. */
export interface RecordedWebhook {
  readonly webhookId: IntegerId | string;
  readonly displayUrl: string | null;
}

export function skippedRecord(subject: Subject, reason: SkippedReason): DeliveryRecord {
  return { state: 'skipped', reason, ...identity(subject) };
}

/** A notification that ended without a call, though a webhook was found. */
export function uncalledRecord(
  subject: Subject,
  reason: FailedReason,
  webhook: RecordedWebhook,
): DeliveryRecord {
  return { state: 'failed', reason, ...identity(subject), ...whereto(webhook), attempts: 0 };
}

/** How far a notification has come whose webhook was called. */
export type Standing =
  | Readonly<{ state: 'delivered' }>
  | Readonly<{ state: 'retrying'; nextAttemptAt: Date }>
  | Readonly<{ state: 'failed'; reason: FailedReason }>;

/**
 * The record of a notification with at least one attempt begun, or waiting for its first. `webhook` is
 * null when nobody could tell as yet where it leads.
 */
export function attemptedRecord(
  subject: RecordedSubject,
  webhook: RecordedWebhook | null,
  log: AttemptLog,
  standing: Standing,
): DeliveryRecord {
  const history = attemptsBeforeLast(log);
  return {
    ...standing,
    ...identity(subject),
    ...(webhook !== null && whereto(webhook)),
    attempts: log.begun,
    ...(log.begun > 0 && callOf(log)),
    ...(history.length > 0 && { history }),
  };
}

/** Of one that a crash cut off nothing is known but when it began. */
function callOf(log: AttemptLog): Partial<DeliveryRecord> {
  const { last, firstAttemptAt, runningSince } = log;
  const known = firstAttemptAt === null ? {} : { firstAttemptAt };
  if (runningSince === null && last !== null) {
    return {
      ...answerOf(last),
      ...known,
      lastAttemptAt: last.startedAt,
      durationMs: last.durationMs,
    };
  }
  const lastAttemptAt = runningSince ?? firstAttemptAt;
  return {
    statusCode: null,
    response: null,
    ...known,
    ...(lastAttemptAt !== null && { lastAttemptAt }),
    durationMs: 0,
  };
}

function identity(subject: RecordedSubject): RecordedSubject {
  const { deliveryStatus, statusAt, notificationId } = subject;
  return { deliveryStatus, statusAt, notificationId };
}

function whereto(webhook: RecordedWebhook): Pick<DeliveryRecord, 'webhookId' | 'url'> {
  const { webhookId, displayUrl } = webhook;
  return { webhookId, ...(displayUrl !== null && { url: displayUrl }) };
}

function answerOf(
  outcome: AttemptOutcome,
): Pick<
  DeliveryRecord,
  'statusCode' | 'response' | 'responseTruncated' | 'responseEncoding' | 'error'
> {
  if (outcome.kind === 'unanswered') {
    return { statusCode: null, response: null, error: outcome.error };
  }
  const { statusCode, response, error } = outcome;
  return {
    statusCode,
    response: response?.text ?? null,
    ...(response?.truncated === true && { responseTruncated: true }),
    ...(response?.encoding === 'base64' && { responseEncoding: 'base64' }),
    ...(error !== null && { error }),
  };
}
