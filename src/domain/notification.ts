import type { DocumentKey } from './change.ts';
import type { IntegerId } from './integerId.ts';
import type { Webhook } from './route.ts';

/** Names one SMS: to the store of documents, and everywhere else. */
export interface SmsName {
  readonly documentKey: DocumentKey;
  readonly smsKey: string;
  /** The document was read and showed no record then, which makes writing one cheaper. */
  readonly showsNone?: boolean;
}

/** Which status of which SMS: what every notification, skipped ones included, is known by. */
export interface Subject extends SmsName {
  readonly notificationId: string;
  readonly deliveryStatus: string;
  readonly statusAt: Date;
  /** The operator's run that asked for it to be told again; absent for what the platform's writing brings. */
  readonly run?: string;
}

/** The unit of work: one status of one SMS, to be told to one webhook. */
export interface Notification extends Subject {
  readonly accountId: IntegerId;
  readonly flowId: IntegerId;
  readonly webhook: Webhook;
  /** Built once; every attempt sends these bytes. */
  readonly body: Uint8Array;
}
