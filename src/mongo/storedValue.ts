import { inspect } from 'node:util';
import { Binary, BSON, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId } from 'mongodb';

/** The driver writes these types of binary in its own way, or refuses to. */
const rewritten: ReadonlySet<number> = new Set([Binary.SUBTYPE_BYTE_ARRAY, Binary.SUBTYPE_VECTOR]);

/**
 * Whether the driver writes this value, which it has read, so that the server takes it for the one that is stored.
 * A number may come as another type: it compares as equal. Not exact are a document, whose fields may change their order, a
 * text with what was no UTF-8, a date that JavaScript has none for, and whatever else there is.
 */
export function isExact(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\uFFFD');
  if (typeof value === 'object') return value === null || isExactObject(value);
  return value !== undefined;
}

/** Timestamps are `Long`s. */
const exactTypes = [ObjectId, Long, Int32, Double, Decimal128, MinKey, MaxKey] as const;

function isExactObject(value: object): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  if (value instanceof Binary) return !rewritten.has(value.sub_type);
  if (Array.isArray(value)) return value.every(isExact);
  return exactTypes.some((type) => value instanceof type);
}

const OBJECT_ID = 0x07;

/**
 * A value that goes back to the server byte for byte, where the driver would send another or none at all (`isExact`).
 *
 * The driver has nothing of the kind. But its serialiser leaves it to an ObjectId to write itself, and continues after as
 * many bytes as that says it has written: so this passes for one, and writes its own type in the place of an
 * ObjectId's, which comes before the name. A field of a document or an item of a list may be one, not a whole document.
 */
export class StoredValue extends BSON.BSONValue {
  readonly type: number;
  readonly bytes: Uint8Array;
  /** What the driver, or who reads in its place, makes of it. */
  readonly decoded: unknown;

  /** Whether one can be sent as a field of this name: it must not hold the byte that is looked for before it. */
  static mayBeCalled(name: string): boolean {
    return !name.includes(String.fromCharCode(OBJECT_ID));
  }

  /** @param bytes kept as they are: not to be a part of much more than the value */
  constructor(type: number, bytes: Uint8Array, decoded: unknown) {
    super();
    this.type = type;
    this.bytes = bytes;
    this.decoded = decoded;
  }

  override get _bsontype(): 'ObjectId' {
    return 'ObjectId';
  }

  serializeInto(buffer: Uint8Array, start: number): number {
    buffer[buffer.lastIndexOf(OBJECT_ID, start - 1)] = this.type;
    buffer.set(this.bytes, start);
    return this.bytes.length;
  }

  /** Equal for equal bytes only. */
  get text(): string {
    return `${this.type} ${Buffer.from(this.bytes).toString('base64')}`;
  }

  override inspect(): string {
    return inspect(this.decoded, { breakLength: Infinity });
  }

  toJSON(): unknown {
    return this.decoded;
  }
}

/** Tells ids apart by type too: an ObjectId from its own hex digits. */
export function exactText(id: unknown): string {
  return id instanceof StoredValue ? id.text : BSON.EJSON.stringify(id, { relaxed: false });
}

/**
 * Matches this value, which the server has brought, and no other. Not the value by itself: a regular expression would
 * match others. Null is equal to undefined, which no query takes.
 */
export function equalTo(value: unknown): Readonly<{ $eq: unknown }> {
  const isUndefined = value instanceof StoredValue && value.decoded === undefined;
  return { $eq: isUndefined ? null : value };
}
