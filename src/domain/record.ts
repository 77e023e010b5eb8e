import type { AttemptError } from './attempt.ts';
import type { IntegerId } from './integerId.ts';

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

/** One attempt before the last. */
export interface PastAttempt {
  readonly at: Date;
  readonly statusCode: number | null;
  readonly error: AttemptError | null;
  readonly durationMs: number;
}

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
