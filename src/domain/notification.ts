import type { DocumentKey } from './change.ts';
import type { IntegerId } from './integerId.ts';
import type { Webhook } from './route.ts';

/** Which status of which SMS: what every notification, skipped ones included, is known by. */
export interface Subject {
  readonly documentKey: DocumentKey;
  readonly smsKey: string;
  readonly notificationId: string;
  readonly deliveryStatus: string;
  readonly statusAt: Date;
}

/** The unit of work: one status of one SMS, to be told to one webhook. */
export interface Notification extends Subject {
  readonly accountId: IntegerId;
  readonly flowId: IntegerId;
  readonly webhook: Webhook;
  /** Built once; every attempt sends these bytes. */
  readonly body: Uint8Array;
}
