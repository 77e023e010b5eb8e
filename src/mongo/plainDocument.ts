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
import { numberWhenExact } from './exactNumber.ts';

/** A whole document as the driver deserialises it with its default promotions. */
export function toPlainDocument(document: Document): PlainDocument {
  // A document with the fields `$ref` and `$id` arrives as a DBRef, even at the top.
  return fromDocument(document instanceof DBRef ? document.toJSON() : document);
}

/** Any stored value. Never throws: one odd field must not keep an SMS, or the stream, from going on. */
export function toPlain(value: unknown): PlainValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'object' && value !== null) return fromObject(value);
  return typeof value === 'bigint' ? numberWhenExact(value.toString()) : null;
}

/**
 * Told by prototype, not by `_bsontype`: the driver's classes inherit that property, while a stored
 * document may have a field of that name.
 */
function fromObject(value: object): PlainValue {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return fromDocument(value);
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof ObjectId) return value.toHexString();
  // Before Long, which it extends.
  if (value instanceof Timestamp) return toExtendedJson(value);
  if (value instanceof Long || value instanceof Decimal128) {
    return numberWhenExact(value.toString());
  }
  if (value instanceof Binary) return fromBinary(value);
  if (value instanceof RegExp) return fromRegExp(value);
  return toExtendedJson(value);
}

function fromDocument(document: object): PlainDocument {
  const result: Record<string, PlainValue> = {};
  for (const [name, value] of Object.entries(document)) setField(result, name, toPlain(value));
  return result;
}

/** By hand, since the driver's own conversion throws for a vector (subtype 9) it finds malformed. */
function fromBinary(value: Binary): PlainValue {
  if (value instanceof UUID) return value.toHexString(true);
  if (value.sub_type === Binary.SUBTYPE_UUID && value.position === 16) {
    return value.toUUID().toHexString(true);
  }
  const subType = value.sub_type.toString(16).padStart(2, '0');
  return { $binary: { base64: value.toString('base64'), subType } };
}

/** By hand too: the driver reads the option `s` as the flag `g`, and then refuses to write `g`. */
function fromRegExp({ source, flags }: RegExp): PlainValue {
  const options = flags.replace('g', 's').split('').sort().join('');
  return { $regularExpression: { pattern: source, options } };
}

/** Null for what the driver can't express, such as a scope with a field called `_bsontype`. */
function toExtendedJson(value: object): PlainValue {
  try {
    return BSON.EJSON.serialize(value, { relaxed: true });
  } catch {
    return null;
  }
}
