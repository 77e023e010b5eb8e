import type { AttemptOutcome } from './attempt.ts';
import type { IntegerId } from './integerId.ts';
import type { Subject } from './notification.ts';
import type { DeliveryRecord, FailedReason, PastAttempt, SkippedReason } from './record.ts';

const HISTORY_KEPT = 10;

export function skippedRecord(subject: Subject, reason: SkippedReason): DeliveryRecord {
  return { state: 'skipped', reason, ...identity(subject) };
}

/** A notification that ended without a call, though a webhook was found. */
export function uncalledRecord(
  subject: Subject,
  reason: FailedReason,
  webhook: { readonly webhookId: IntegerId | string; readonly displayUrl: string | null },
): DeliveryRecord {
  return { state: 'failed', reason, ...identity(subject), ...whereto(webhook), attempts: 0 };
}

/** The record after `outcomes`, oldest first, at least one. A null reason means delivered. */
export function attemptedRecord(
  subject: Subject,
  webhook: { readonly webhookId: IntegerId | string; readonly displayUrl: string | null },
  outcomes: readonly [AttemptOutcome, ...AttemptOutcome[]],
  reason: FailedReason | null,
): DeliveryRecord {
  const last = outcomes.at(-1) ?? outcomes[0];
  const before = outcomes.slice(0, -1).slice(-HISTORY_KEPT);
  return {
    ...(reason === null ? { state: 'delivered' } : { state: 'failed', reason }),
    ...identity(subject),
    ...whereto(webhook),
    attempts: outcomes.length,
    ...answerOf(last),
    firstAttemptAt: outcomes[0].startedAt,
    lastAttemptAt: last.startedAt,
    durationMs: last.durationMs,
    ...(before.length > 0 && { history: before.map(pastAttempt) }),
  };
}

function identity(
  subject: Subject,
): Pick<DeliveryRecord, 'deliveryStatus' | 'statusAt' | 'notificationId'> {
  const { deliveryStatus, statusAt, notificationId } = subject;
  return { deliveryStatus, statusAt, notificationId };
}

function whereto(webhook: {
  readonly webhookId: IntegerId | string;
  readonly displayUrl: string | null;
}): Pick<DeliveryRecord, 'webhookId' | 'url'> {
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

function pastAttempt(outcome: AttemptOutcome): PastAttempt {
  return {
    at: outcome.startedAt,
    statusCode: outcome.kind === 'answered' ? outcome.statusCode : null,
    error: outcome.error,
    durationMs: outcome.durationMs,
  };
}
