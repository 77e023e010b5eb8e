import type { DocumentKey } from './change.ts';
import type { IntegerId } from './ids.ts';
import type { Webhook } from './route.ts';

/**
 * What a document showed as the record when it was read: `none`, or `own`: this notification's, without `earlier`. No
 * promise, since another status' record may be there by now.
 */
export type ShownRecord = 'none' | 'own';

/** Identifies one SMS, to the document store and everywhere else. */
export interface SmsName {
  readonly documentKey: DocumentKey;
  readonly smsKey: string;
  /** Makes writing a record cheaper. Null or absent if it showed anything else, or was not read. */
  readonly shows?: ShownRecord | null;
}

/** Which status of which SMS: identifies every notification, skipped ones included. */
export interface Subject extends SmsName {
  readonly notificationId: string;
  readonly deliveryStatus: string;
  readonly statusAt: Date;
  /** The operator's replay that asked for it; absent when the platform's write brings it. */
  readonly run?: string;
}

/** The unit of work: one status of one SMS, for one webhook. */
export interface Notification extends Subject {
  readonly accountId: IntegerId;
  readonly flowId: IntegerId;
  readonly webhook: Webhook;
  /** Built once; every attempt sends these bytes. */
  readonly body: Uint8Array;
}
