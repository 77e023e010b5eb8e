import type { PlainValue } from './plainValue.ts';

/** Longer ones are not sent: the id is a header's value, and a key in the database. ASCII only. */
export const notificationIdLimitBytes = 1024;

/**
 * The text of a document's `_id`, null for one that can't name an SMS. Beyond 2^53 a number's digits
 * are those of its exact value: JavaScript's own shortest form could be another number's.
 */
export function idText(id: PlainValue): string | null {
  if (typeof id === 'string') return id;
  if (typeof id !== 'number' || !Number.isInteger(id)) return null;
  return Number.isSafeInteger(id) ? String(id) : BigInt(id).toString();
}

/**
 * Names one SMS in notification ids and in the worker's own collections; null when `_id` can't.
 * Ids of different types with the same text are one SMS.
 */
export function smsKey(id: PlainValue): string | null {
  const text = idText(id);
  return text === null ? null : encode(text);
}

/** The `webhook-id` of one SMS' one status. A colon is never part of either half. */
export function notificationId(key: string, deliveryStatus: string): string {
  return `${key}:${encode(deliveryStatus)}`;
}

/** The SMS that a notification is of. */
export function smsKeyOf(id: string): string {
  const end = id.indexOf(':');
  return end === -1 ? id : id.slice(0, end);
}

/** Every UTF-8 byte outside `A–Z a–z 0–9 - _` as %XX; half a surrogate pair as U+FFFD. */
function encode(text: string): string {
  if (/^[\w-]*$/.test(text)) return text;
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD')).replace(
    /[.!~*'()]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
