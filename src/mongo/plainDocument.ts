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
import { setField } from '../domain/fields.ts';
import type { PlainDocument, PlainValue } from '../domain/plainValue.ts';
import { isIntegralText, numberWhenExact } from './exactNumber.ts';
import {
  defaultUuidRepresentation,
  isLegacyUuid,
  legacyUuidText,
  type UuidRepresentation,
} from './legacyUuid.ts';

/** A whole document as the driver deserialises it with its default promotions. */
export function toPlainDocument(
  document: Document,
  uuids: UuidRepresentation = defaultUuidRepresentation,
): PlainDocument {
  // A document with the fields `$ref` and `$id` arrives as a DBRef, even at the top.
  const fields = document instanceof DBRef ? document.toJSON() : document;
  return fromFields(fields, toPlainField, uuids);
}

/**
 * The fields the worker goes by, and what may stand in each as text beside text itself. In any other
 * type the text would be taken for something it is not: the ObjectId `00…0028` for account 28.
 */
const textFrom = new Map<string, (value: unknown, text: string) => boolean>([
  ['_id', (value, text) => isObjectId(value) || isUuid(value) || isIntegralText(text)],
  ['deliveryStatus', () => false],
  ['accountID', isNumber],
  ['flowId', isNumber],
  ['phononUuid', isUuid],
]);

/** A field at the top of a document: where its type must not pass as text, it becomes Extended JSON. */
export function toPlainField(
  value: unknown,
  name: string,
  uuids: UuidRepresentation = defaultUuidRepresentation,
): PlainValue {
  const plain = toPlain(value, uuids);
  if (typeof plain !== 'string' || typeof value === 'string') return plain;
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

/**
 * Told by prototype, not by `_bsontype`: the driver's classes inherit that property, while a stored
 * document may have a field of that name.
 */
function fromObject(value: object, uuids: UuidRepresentation): PlainValue {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return fromFields(value, toPlainNested, uuids);
  }
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => toPlain(item, uuids));
  if (isObjectId(value)) return value.toHexString();
  // Before Long, which it extends.
  if (value instanceof Timestamp) return toExtendedJson(value);
  if (isNumber(value)) return numberWhenExact(value.toString());
  if (value instanceof Binary) return fromBinary(value, uuids);
  if (value instanceof RegExp) return fromRegExp(value);
  return toExtendedJson(value);
}

function toPlainNested(value: unknown, _name: string, uuids: UuidRepresentation): PlainValue {
  return toPlain(value, uuids);
}

function fromFields(
  document: object,
  convert: (value: unknown, name: string, uuids: UuidRepresentation) => PlainValue,
  uuids: UuidRepresentation,
): PlainDocument {
  const result: Record<string, PlainValue> = {};
  // Not by entries: a pair for every field of every document.
  const fields = document as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) {
    setField(result, name, convert(fields[name], name, uuids));
  }
  return result;
}

function isObjectId(value: unknown): value is ObjectId {
  return value instanceof ObjectId;
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
