import type { Change } from './change.ts';
import type { SmsName, Subject } from './notification.ts';
import { notificationId, notificationIdLimitBytes, smsKey } from './ids.ts';

/** What a change is before anything is asked of a database. */
export type Identity =
  | Readonly<{ kind: 'subject'; subject: Subject }>
  | Readonly<{ kind: 'filtered' }>
  /** A whole-document save without a status. */
  | Readonly<{ kind: 'noStatus' }>
  /** It has no usable id, and so no record. `problem` names the field, never its value. */
  | Readonly<{ kind: 'unusable'; problem: string }>;

/** `wanted` empty: every status counts. */
export function identify(change: Change, wanted: ReadonlySet<string>): Identity {
  const { deliveryStatus, documentKey, statusAt } = change;
  if (deliveryStatus === undefined) return { kind: 'noStatus' };
  if (typeof deliveryStatus !== 'string' || deliveryStatus === '') {
    return { kind: 'unusable', problem: 'deliveryStatus must be a non-empty string' };
  }
  if (wanted.size > 0 && !wanted.has(deliveryStatus)) return { kind: 'filtered' };
  const key = smsKey(change.id);
  if (key === null) {
    return {
      kind: 'unusable',
      problem: '_id must be a string, an ObjectId, a UUID or an integral number',
    };
  }
  const id = notificationId(key, deliveryStatus);
  if (id.length > notificationIdLimitBytes) {
    return {
      kind: 'unusable',
      problem: `_id and deliveryStatus together exceed ${notificationIdLimitBytes} bytes when encoded`,
    };
  }
  const subject = { documentKey, smsKey: key, notificationId: id, deliveryStatus, statusAt };
  return { kind: 'subject', subject };
}

/** Every notification's id goes on after the key with a colon and a status of at least one character. */
const smsKeyLimitBytes = notificationIdLimitBytes - 2;

/**
 * The SMS that a change saved as a whole, and whose records it may thereby have removed or turned back.
 * Null for an update, which leaves them alone, and for an SMS that has none: it can't be named, or its
 * name is too long for any notification.
 */
export function savedSms({ operation, id, documentKey }: Change): SmsName | null {
  const key = operation === 'update' ? null : smsKey(id);
  if (key === null || key.length > smsKeyLimitBytes) return null;
  return { documentKey, smsKey: key };
}
