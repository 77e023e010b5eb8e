import {
  Binary,
  BSON,
  DBRef,
  Decimal128,
  Long,
  ObjectId,
  Timestamp,
  UUID,
  type Document,
} from 'mongodb';
import { type PlainDocument, type PlainValue, setField } from '../domain/plainValue.ts';
import { StoredValue } from './storedValue.ts';

/** A whole document as the driver deserialises it with its default promotions. */
export function toPlainDocument(
  document: Document,
  uuids: UuidRepresentation = defaultUuidRepresentation,
): PlainDocument {
  // A document with the fields `$ref` and `$id` arrives as a DBRef, even at the top.
  const fields = document instanceof DBRef ? document.toJSON() : document;
  return fromFields(fields, (value, name) => toPlainField(value, name, uuids));
}

/**
 * The fields the worker goes by, and what may stand in each as text beside text itself. In any other
 * type the text would be taken for something it is not: the ObjectId `00…0028` for account 28.
 */
const textFrom = new Map<string, (value: unknown, text: string) => boolean>([
  ['_id', (value, text) => value instanceof ObjectId || isUuid(value) || isIntegralText(text)],
  ['deliveryStatus', () => false],
  ['accountID', isNumber],
  ['flowId', isNumber],
  ['phononUuid', isUuid],
]);

/** A field at the top of a document: where its type must not pass as text, it becomes Extended JSON. */
export function toPlainField(
  stored: unknown,
  name: string,
  uuids: UuidRepresentation = defaultUuidRepresentation,
): PlainValue {
  const plain = toPlain(stored, uuids);
  if (typeof plain !== 'string' || typeof stored === 'string') return plain;
  const value = stored instanceof StoredValue ? stored.decoded : stored;
  if (typeof value === 'string') return plain;
  const mayBeText = textFrom.get(name);
  return mayBeText === undefined || mayBeText(value, plain) ? plain : toExtendedJson(value);
}

/** Any stored value. Never throws: one odd field must not keep an SMS, or the stream, from going on. */
export function toPlain(
  value: unknown,
  uuids: UuidRepresentation = defaultUuidRepresentation,
): PlainValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'object' && value !== null) return fromObject(value, uuids);
  return typeof value === 'bigint' ? numberWhenExact(value.toString()) : null;
}

/** By prototype, not by `_bsontype`: the driver's classes inherit that property, and a stored document may have it. */
function fromObject(value: object, uuids: UuidRepresentation): PlainValue {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return fromFields(value, (nested) => toPlain(nested, uuids));
  }
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => toPlain(item, uuids));
  if (value instanceof ObjectId) return value.toHexString();
  // Before Long, which it extends.
  if (value instanceof Timestamp) return toExtendedJson(value);
  if (isNumber(value)) return numberWhenExact(value.toString());
  if (value instanceof Binary) return fromBinary(value, uuids);
  if (value instanceof RegExp) return fromRegExp(value);
  if (value instanceof StoredValue) return toPlain(value.decoded, uuids);
  return toExtendedJson(value);
}

function fromFields(
  document: object,
  convert: (value: unknown, name: string) => PlainValue,
): PlainDocument {
  const result: Record<string, PlainValue> = {};
  // Not by entries: a pair for every field of every document.
  const fields = document as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) {
    setField(result, name, convert(fields[name], name));
  }
  return result;
}

function isNumber(value: unknown): value is Long | Decimal128 {
  return value instanceof Long || value instanceof Decimal128;
}

function isUuid(value: unknown): boolean {
  return value instanceof Binary && (isStandardUuid(value) || isLegacyUuid(value));
}

function isStandardUuid(value: Binary): boolean {
  return value.sub_type === Binary.SUBTYPE_UUID && value.position === 16;
}

/** By hand, since the driver's own conversion throws for a vector (subtype 9) it finds malformed. */
function fromBinary(value: Binary, uuids: UuidRepresentation): PlainValue {
  if (value instanceof UUID) return value.toHexString(true);
  if (isStandardUuid(value)) return value.toUUID().toHexString(true);
  if (isLegacyUuid(value)) return legacyUuidText(value, uuids);
  const subType = value.sub_type.toString(16).padStart(2, '0');
  return { $binary: { base64: value.toString('base64'), subType } };
}

/** By hand too: the driver reads the option `s` as the flag `g`, and then refuses to write `g`. */
function fromRegExp({ source, flags }: RegExp): PlainValue {
  const options = flags.replace('g', 's').split('').sort().join('');
  return { $regularExpression: { pattern: source, options } };
}

/** Null for what the driver can't express, such as a scope with a field called `_bsontype`. */
function toExtendedJson(value: unknown): PlainValue {
  try {
    return BSON.EJSON.serialize(value, { relaxed: true });
  } catch {
    return null;
  }
}

/**
 * In which order a writer stores the bytes of a UUID as Binary subtype 3, as MongoDB's drivers name the ways.
 * Subtype 4 has one order.
 */
export type UuidRepresentation = keyof typeof orders;

/** What Spring Data writes by default. */
export const defaultUuidRepresentation: UuidRepresentation = 'javaLegacy';

/** Where each byte of the text is stored. Every order is its own inverse. */
const orders = {
  javaLegacy: [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8],
  csharpLegacy: [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15],
  pythonLegacy: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
} as const satisfies Record<string, readonly number[]>;

function isLegacyUuid(value: Binary): boolean {
  return value.sub_type === Binary.SUBTYPE_UUID_OLD && value.position === 16;
}

/** As its writer prints it. */
function legacyUuidText(value: Binary, representation: UuidRepresentation): string {
  const hex = reordered(value.buffer, representation).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** As a writer stores the UUID with these bytes. */
export function toLegacyUuid(uuid: Uint8Array, representation: UuidRepresentation): Binary {
  return new Binary(reordered(uuid, representation), Binary.SUBTYPE_UUID_OLD);
}

function reordered(bytes: Uint8Array, representation: UuidRepresentation): Buffer {
  return Buffer.from(orders[representation].map((index) => bytes[index] ?? 0));
}

/**
 * A stored decimal or 64-bit number as a JSON number where that says exactly the same, else its text.
 * "Says": the digits JavaScript prints are the value (0.1, though no double is a tenth). An integer
 * must also *be* the double, for ids are compared by value: the Long 1152921504606847000 prints the
 * same digits as the double 1152921504606846976. Null for text that is no number, `NaN` or `Infinity`.
 */
export function numberWhenExact(text: string): number | string | null {
  const number = Number(text);
  if (Number.isSafeInteger(number) && String(number) === text) return number;
  const stored = canonical(text);
  if (stored === null) return null;
  if (stored !== canonical(String(number))) return text;
  if (!Number.isInteger(number) || Number.isSafeInteger(number)) return number;
  return stored === canonical(BigInt(number).toString()) ? number : text;
}

/** Whether the text of a stored number says a whole one. */
export function isIntegralText(text: string): boolean {
  const stored = canonical(text);
  return stored !== null && (stored === '0' || /e\d+$/.test(stored));
}

/** The same text for the same decimal value: its digits without zeros at either end, and exponent. */
function canonical(text: string): string | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${sign}${significant}e${power}`;
}
