import { BSON, Binary, BSONRegExp, Code, DBRef, type Document, type ObjectId } from 'mongodb';
import { setField } from '../domain/fields.ts';

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
    return BSON.deserialize(bytes, lenient);
  } catch {
    return decodeFields(bytes, {});
  }
}

/** All that a read with `asBytes` has brought. */
export function decodeAll(found: readonly unknown[]): Document[] {
  return found.map((bytes) => decodeDocument(bytes as Uint8Array));
}

const types = {
  ...{ double: 0x01, string: 0x02, document: 0x03, array: 0x04, binary: 0x05, undefined: 0x06 },
  ...{ objectId: 0x07, boolean: 0x08, date: 0x09, null: 0x0a, regex: 0x0b, dbPointer: 0x0c },
  ...{ code: 0x0d, symbol: 0x0e, codeWithScope: 0x0f, int32: 0x10, timestamp: 0x11, int64: 0x12 },
  ...{ decimal128: 0x13, minKey: 0xff, maxKey: 0x7f },
} as const;

interface Element {
  readonly type: number;
  readonly name: string;
  /** The bytes of its value. */
  readonly value: Uint8Array;
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
  types.document,
  types.array,
  types.regex,
  types.binary,
  types.codeWithScope,
]);

function isByHand(type: number): boolean {
  return byHand.has(type);
}

function decodeByHand({ type, value }: Element): unknown {
  switch (type) {
    case types.document:
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
    case types.binary:
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
    return decodePlain([{ type: types.binary, name: '', value }])[0];
  } catch {
    return new Binary(value.subarray(5), value[4]);
  }
}

/** All at once by the driver, as one array: there the names do not matter. */
function decodePlain(elements: readonly Element[]): readonly unknown[] {
  const parts = elements.map(({ type, value }) => Buffer.concat([Buffer.of(type, 0), value]));
  const array = Buffer.concat([...parts, Buffer.of(0)]);
  const head = Buffer.alloc(11);
  head.writeInt32LE(12 + array.length, 0);
  head.write('\u0004v', 4);
  head.writeInt32LE(4 + array.length, 7);
  const document = Buffer.concat([head, array, Buffer.of(0)]);
  return BSON.deserialize(document, lenient)['v'] as unknown[];
}

function readElements(bytes: Uint8Array): readonly Element[] {
  const view = viewOf(bytes);
  const elements: Element[] = [];
  for (let at = 4; bytes[at] !== 0;) {
    const type = view.getUint8(at);
    const nameEnd = endOfText(bytes, at + 1);
    const name = textOf(bytes.subarray(at + 1, nameEnd));
    const start = nameEnd + 1;
    at = start + lengthOf(type, bytes, start);
    elements.push({ type, name, value: bytes.subarray(start, at) });
  }
  return elements;
}

const fixedLengths: ReadonlyMap<number, number> = new Map([
  ...[types.double, types.date, types.timestamp, types.int64].map((type) => [type, 8] as const),
  ...[types.undefined, types.null, types.minKey, types.maxKey].map((type) => [type, 0] as const),
  [types.objectId, 12],
  [types.boolean, 1],
  [types.int32, 4],
  [types.decimal128, 16],
]);

/** What comes beside the length that a value begins with. */
const lengthsBeside: ReadonlyMap<number, number> = new Map([
  ...[types.string, types.code, types.symbol].map((type) => [type, 4] as const),
  ...[types.document, types.array, types.codeWithScope].map((type) => [type, 0] as const),
  [types.binary, 5],
  [types.dbPointer, 16],
]);

/** Of the value that begins there. */
function lengthOf(type: number, bytes: Uint8Array, start: number): number {
  const fixed = fixedLengths.get(type);
  if (fixed !== undefined) return fixed;
  if (type === types.regex) return endOfText(bytes, endOfText(bytes, start) + 1) + 1 - start;
  const beside = lengthsBeside.get(type);
  if (beside === undefined) throw new Error(`no type of BSON: ${type}`);
  return beside + viewOf(bytes).getInt32(start, true);
}

function endOfText(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(0, start);
  if (end === -1) throw new Error('a text without an end');
  return end;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
