import type { PlainValue } from './plainValue.ts';

/**
 * An account's, flow's or webhook's number: within MySQL's signed BIGINT. A number where JavaScript
 * holds it exactly, its canonical decimal digits beyond that, so that it is safe in JSON and in logs.
 */
export type IntegerId = number | string;

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 63n - 1n;

/**
 * Reads an integral number or a text of decimal digits. Anything else (`'28abc'`, `' 28'`, `1.5`,
 * `true`, beyond BIGINT) is null: it must never be taken for another account's number.
 *
 * A text with a minus sign is read only beyond what JavaScript holds exactly: that is how a stored
 * 64-bit number arrives, and what this function itself returns for one. `'-28'` is not digits.
 */
export function parseIntegerId(value: unknown): IntegerId | null {
  if (typeof value === 'number') return Number.isInteger(value) ? fromBigInt(BigInt(value)) : null;
  if (typeof value !== 'string' || !/^-?\d{1,100}$/.test(value)) return null;
  const id = fromBigInt(BigInt(value));
  return value.startsWith('-') && typeof id === 'number' ? null : id;
}

function fromBigInt(value: bigint): IntegerId | null {
  if (value < BIGINT_MIN || value > BIGINT_MAX) return null;
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value.toString();
}

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

/** What a notification's id says, as text; its halves as they are where nobody encoded them. */
export function readNotificationId(id: string): {
  readonly smsId: string;
  readonly deliveryStatus: string;
} {
  const key = smsKeyOf(id);
  return { smsId: decode(key), deliveryStatus: decode(id.slice(key.length + 1)) };
}

function decode(half: string): string {
  try {
    return decodeURIComponent(half);
  } catch {
    return half;
  }
}

/** Every UTF-8 byte outside `A–Z a–z 0–9 - _` as %XX; half a surrogate pair as U+FFFD. */
function encode(text: string): string {
  if (/^[\w-]*$/.test(text)) return text;
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD')).replace(
    /[.!~*'()]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
