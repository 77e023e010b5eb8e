import { isUtf8 } from 'node:buffer';
import { BSON, Binary, BSONRegExp, Code, DBRef, type Document, type ObjectId } from 'mongodb';
import { setField } from '../domain/plainValue.ts';
import { isExact, StoredValue } from './storedValue.ts';

const { BSONType: types } = BSON;

/** One field of a document. */
interface Element {
  readonly type: number;
  readonly name: string;
  /** As it is stored: the name may be no UTF-8. */
  readonly nameBytes: Uint8Array;
  /** The bytes of its value. */
  readonly value: Uint8Array;
}

/**
 * As the driver decodes with its default promotions. Regular expressions stay what they are, since JavaScript
 * has no equal for some; a text that is no UTF-8 is taken for what can be read of it.
 */
const lenient = { bsonRegExp: true, validation: { utf8: false } } as const;

/** What a read with this option brings are bytes, for `decodeDocument`: else one document fails all of its batch. */
export const asBytes = { raw: true } as const;

/**
 * A document as the driver would give it. A server stores values that the driver refuses to read (regular
 * expressions with options it does not know, binary of subtype 2 without a length of its own): those come as
 * what they are all the same, in three times the time. Throws only for bytes that are no BSON, which no server
 * stores.
 */
export function decodeDocument(bytes: Uint8Array): Document {
  try {
    const document = BSON.deserialize(bytes, lenient);
    // What one with the fields `$ref` and `$id` is taken for has no others by their names, nor its `_id`.
    return document instanceof DBRef ? decodeFields(bytes, {}) : document;
  } catch {
    return decodeFields(bytes, {});
  }
}

/** A document whose values may be sent back to the server: those that the driver would change are a `StoredValue`. */
export function decodeKey(bytes: Uint8Array): Document {
  const document = decodeDocument(bytes);
  for (const name in document) {
    if (!isExact(document[name])) return storedFields(bytes);
  }
  return document;
}

/**
 * All that a read with `asBytes` has brought. What may be sent back to the server is as by `decodeKey`: each
 * document's `_id`, and what is in the fields that are named.
 */
export function decodeAll(found: readonly unknown[], keys: readonly string[] = []): Document[] {
  return found.map((each) => {
    const bytes = each as Uint8Array;
    const document = decodeDocument(bytes);
    const isIdExact = isExact(document['_id']) || !Object.hasOwn(document, '_id');
    if (isIdExact && keys.every((name) => isExactWithin(document[name]))) return document;
    for (const element of readElements(bytes)) {
      const { name, type, value } = element;
      if (name === '_id') setField(document, name, storedOf(element));
      const isKey = type === types.object && keys.includes(name);
      if (isKey) setField(document, name, decodeKey(value));
    }
    return document;
  });
}

function isExactWithin(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact);
}

function storedFields(bytes: Uint8Array): Document {
  const document: Target = {};
  for (const element of readElements(bytes)) setField(document, element.name, storedOf(element));
  return document;
}

/** Of a list the values in it: what it is as a whole is not sent back. */
function storedOf(element: Element): unknown {
  const { type, name, value } = element;
  if (type === types.array) return readElements(value).map(storedOf);
  const decoded = isByHand(type) ? decodeByHand(element) : decodePlain([element])[0];
  const isText = typeof decoded === 'string' && isUtf8(value.subarray(4));
  const goesDecoded = isText || isExact(decoded) || !StoredValue.mayBeCalled(name);
  return goesDecoded ? decoded : new StoredValue(type, withPlainLists(element), decoded);
}

type Target = Record<string, unknown>;

function decodeFields(bytes: Uint8Array, target: Target | unknown[]): Target | unknown[] {
  const elements = readElements(bytes);
  const plain = elements.filter(({ type }) => !isByHand(type));
  const values = decodePlain(plain);
  let taken = 0;
  for (const element of elements) {
    const value = isByHand(element.type) ? decodeByHand(element) : values[taken++];
    if (Array.isArray(target)) target.push(value);
    else setField(target, element.name, value);
  }
  return target;
}

/** What the driver may refuse, and what may hold such. */
const byHand: ReadonlySet<number> = new Set([
  types.object,
  types.array,
  types.regex,
  types.binData,
  types.javascriptWithScope,
]);

function isByHand(type: number): boolean {
  return byHand.has(type);
}

function decodeByHand({ type, value }: Element): unknown {
  switch (type) {
    case types.object:
      return orReference(decodeFields(value, {}) as Target);
    case types.array:
      return decodeFields(value, []);
    case types.regex: {
      const end = value.indexOf(0);
      const options = textOf(value.subarray(end + 1, -1))
        .split('')
        .toSorted()
        .join('');
      // Its constructor would refuse the options.
      return Object.assign(new BSONRegExp(textOf(value.subarray(0, end))), { options });
    }
    case types.binData:
      return decodeBinary(value);
    default: {
      const length = viewOf(value).getInt32(4, true);
      const scope = decodeFields(value.subarray(8 + length), {}) as Document;
      return new Code(textOf(value.subarray(8, 7 + length)), scope);
    }
  }
}

const referenceNames: ReadonlySet<string> = new Set(['$ref', '$id', '$db']);

/** A reference, if the driver would take it for one. */
function orReference(document: Target): Target | DBRef {
  const { $ref, $id, $db, ...fields } = document;
  const isLikeOne =
    typeof $ref === 'string' &&
    ($id ?? null) !== null &&
    ($db === undefined || typeof $db === 'string') &&
    Object.keys(document).every((name) => !name.startsWith('$') || referenceNames.has(name));
  return isLikeOne ? new DBRef($ref, $id as ObjectId, $db, fields) : document;
}

/** One of subtype 2 has a length inside, as a rule; where that is wrong all of its bytes are its content. */
function decodeBinary(value: Uint8Array): unknown {
  try {
    return decodePlain([{ type: types.binData, value }])[0];
  } catch {
    return new Binary(value.subarray(5), value[4]);
  }
}

/** All at once by the driver, as one array: there the names do not matter. */
function decodePlain(elements: readonly Pick<Element, 'type' | 'value'>[]): readonly unknown[] {
  const parts = elements.map(({ type, value }) => Buffer.concat([Buffer.of(type, 0), value]));
  const array = Buffer.concat([...parts, Buffer.of(0)]);
  const head = Buffer.alloc(11);
  head.writeInt32LE(12 + array.length, 0);
  head.write('\u0004v', 4);
  head.writeInt32LE(4 + array.length, 7);
  const document = Buffer.concat([head, array, Buffer.of(0)]);
  return BSON.deserialize(document, lenient)['v'] as unknown[];
}

/** The fields of a document. Throws for bytes that are no BSON. By what the driver itself reads answers with. */
function readElements(bytes: Uint8Array): readonly Element[] {
  const elements = BSON.onDemand.parseToElements(bytes);
  return Array.from(elements, ([type, nameStart, nameLength, start, length]) => {
    const nameBytes = bytes.subarray(nameStart, nameStart + nameLength);
    return {
      type,
      name: textOf(nameBytes),
      nameBytes,
      value: bytes.subarray(start, start + length),
    };
  });
}

/**
 * A copy of a value, with the items of lists named by their indexes. A server stores other names, but does not find such
 * a value by a query that has them (6.0): its index has the indexes.
 */
function withPlainLists({ type, value }: Pick<Element, 'type' | 'value'>): Uint8Array {
  if (type !== types.object && type !== types.array) return Buffer.from(value);
  const parts = readElements(value).flatMap((element, index) => [
    Buffer.of(element.type),
    type === types.array ? Buffer.from(String(index)) : element.nameBytes,
    Buffer.of(0),
    withPlainLists(element),
  ]);
  const copy = Buffer.concat([Buffer.alloc(4), ...parts, Buffer.of(0)]);
  copy.writeInt32LE(copy.length);
  return copy;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
