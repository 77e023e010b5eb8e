import {
  type AttemptError,
  type AttemptLog,
  type AttemptOutcome,
  type PastAttempt,
  attemptsBeforeLast,
} from './attempt.ts';
import type { IntegerId } from './ids.ts';
import type { Subject } from './notification.ts';

export type SkippedReason =
  'no_default_webhook' | 'flow_webhook_disabled' | 'unusable_document' | 'stale';

export type FailedReason =
  | 'attempts_exhausted'
  | 'expired'
  | 'endpoint_gone'
  | 'endpoint_disabled'
  | 'aborted_by_receiver'
  | 'blocked_address'
  | 'invalid_webhook'
  | 'notification_withdrawn';

/** An older status of the same SMS, kept beside the newest one's record. */
interface EarlierStatus {
  readonly deliveryStatus: string;
  readonly statusAt: Date;
  readonly notificationId: string;
  readonly state: DeliveryRecord['state'];
  readonly reason?: string;
  readonly statusCode?: number | null;
  readonly attempts?: number;
  readonly lastAttemptAt?: Date;
}

/**
 * The subdocument `notify_on_delivery` of an SMS: what became of the notification of its newest status.
 * A field that does not apply is absent. docs/record.md lists when each one is there.
 */
export interface DeliveryRecord {
  readonly state: 'delivered' | 'retrying' | 'failed' | 'skipped';
  readonly reason?: SkippedReason | FailedReason;
  readonly deliveryStatus: string;
  /** When the status was written, by the database server's clock. */
  readonly statusAt: Date;
  readonly notificationId: string;
  readonly webhookId?: IntegerId | string;
  readonly url?: string;
  readonly attempts?: number;
  readonly statusCode?: number | null;
  readonly response?: string | null;
  readonly responseTruncated?: true;
  readonly responseEncoding?: 'base64';
  readonly error?: AttemptError;
  readonly firstAttemptAt?: Date;
  readonly lastAttemptAt?: Date;
  readonly durationMs?: number;
  readonly nextAttemptAt?: Date;
  readonly history?: readonly PastAttempt[];
  readonly earlier?: readonly EarlierStatus[];
}

/** What a record says of a notification's subject. */
export type RecordedSubject = Pick<Subject, 'deliveryStatus' | 'statusAt' | 'notificationId'>;

/** What a record says of a webhook. */
export interface RecordedWebhook {
  readonly webhookId: IntegerId | string;
  readonly displayUrl: string | null;
  /** Absent for one that can not be called, and where only what was recorded is known. */
  readonly endpointKey?: string;
}

export function skippedRecord(subject: Subject, reason: SkippedReason): DeliveryRecord {
  const { deliveryStatus, statusAt, notificationId } = subject;
  return { state: 'skipped', reason, deliveryStatus, statusAt, notificationId };
}

/** How far a notification whose webhook was called has come. */
export type RecordState =
  | Readonly<{ state: 'delivered' }>
  | Readonly<{ state: 'retrying'; nextAttemptAt: Date }>
  | Readonly<{ state: 'failed'; reason: FailedReason }>;

type Draft = { -readonly [Field in keyof DeliveryRecord]: DeliveryRecord[Field] };

/**
 * The record of a notification that was not skipped. `webhook` is null while it is not known where it leads.
 *
 * Field by field: V8 takes two microseconds for each field that is added to the result of a spread.
 */
export function attemptedRecord(
  subject: RecordedSubject,
  webhook: RecordedWebhook | null,
  log: AttemptLog,
  reached: RecordState,
): DeliveryRecord {
  const { deliveryStatus, statusAt, notificationId } = subject;
  const { state } = reached;
  const record: Draft =
    reached.state === 'failed'
      ? { state, reason: reached.reason, deliveryStatus, statusAt, notificationId }
      : { state, deliveryStatus, statusAt, notificationId };
  if (webhook !== null) record.webhookId = webhook.webhookId;
  if (webhook !== null && webhook.displayUrl !== null) record.url = webhook.displayUrl;
  record.attempts = log.begun;
  if (log.begun > 0) addCall(record, log);
  if (reached.state === 'retrying') record.nextAttemptAt = reached.nextAttemptAt;
  const history = attemptsBeforeLast(log);
  if (history.length > 0) record.history = history;
  return record;
}

/** Of an attempt that a crash cut off, only its beginning is known. */
function addCall(record: Draft, { last, firstAttemptAt, runningSince }: AttemptLog): void {
  const known = runningSince === null ? last : null;
  if (known === null) {
    record.statusCode = null;
    record.response = null;
  } else {
    addAnswer(record, known);
  }
  if (firstAttemptAt !== null) record.firstAttemptAt = firstAttemptAt;
  const lastAttemptAt = known?.startedAt ?? runningSince ?? firstAttemptAt;
  if (lastAttemptAt !== null) record.lastAttemptAt = lastAttemptAt;
  record.durationMs = known?.durationMs ?? 0;
}

function addAnswer(record: Draft, outcome: AttemptOutcome): void {
  const isAnswered = outcome.kind === 'answered';
  const response = isAnswered ? outcome.response : null;
  record.statusCode = isAnswered ? outcome.statusCode : null;
  record.response = response?.text ?? null;
  if (response?.truncated === true) record.responseTruncated = true;
  if (response?.encoding === 'base64') record.responseEncoding = 'base64';
  if (outcome.error !== null) record.error = outcome.error;
}
