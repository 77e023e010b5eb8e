import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import {
  Binary,
  BSON,
  Code,
  Decimal128,
  DBRef,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'mongodb';
import fc from 'fast-check';
import { decodeDocument } from '../../../src/mongo/decodeDocument.ts';
import { toPlainDocument } from '../../../src/mongo/plainDocument.ts';
import { undecodable } from '../../support/oddBson.ts';

const plain = (document: Readonly<Record<string, unknown>>): unknown =>
  toPlainDocument(decodeDocument(BSON.serialize(document)));

const regex = undecodable.regex('a.b', 'zt');
const readRegex = { $regularExpression: { pattern: 'a.b', options: 'tz' } };

/** One of each type that the driver writes. */
const ofEachType = {
  ...{ double: 0.5, string: 'a\u0000b फ', document: { a: { b: [] } }, array: [1, ['x'], {}] },
  ...{ binary: new Binary(Buffer.from('ab'), 6), uuidLike: new Binary(Buffer.alloc(3), 4) },
  ...{ objectId: new ObjectId(), yes: true, no: false, date: new Date(1), nothing: null },
  ...{ code: new Code('f()'), scoped: new Code('f()', { a: 1 }), int: 7, long: Long.MAX_VALUE },
  ...{ old: new Binary(Buffer.from('old'), 2), time: new Timestamp({ t: 1, i: 2 }) },
  ...{ decimal: Decimal128.fromString('1.50'), least: new MinKey(), most: new MaxKey() },
  ...{
    reference: new DBRef('c', new ObjectId()),
    regex: /x/im,
    '': 'no name',
    'a.b': 1,
    $c: 2,
    constructor: 3,
  },
};

describe('decodeDocument', () => {
  it('reads what the driver reads as the driver does', () => {
    expect(plain(ofEachType)).toEqual(
      toPlainDocument(BSON.deserialize(BSON.serialize(ofEachType), { bsonRegExp: true })),
    );
  });

  it('reads all of a document beside a value that the driver refuses', () => {
    expect(plain({ ...ofEachType, refused: regex })).toEqual({
      ...(plain(ofEachType) as object),
      refused: readRegex,
    });
    expect(Object.keys(plain({ b: regex, a: 1 }) as object)).toEqual(['b', 'a']);
  });

  it.each([
    ['in a list', { list: [1, regex, 'a'] }, { list: [1, readRegex, 'a'] }],
    ['in a subdocument', { a: { b: { c: regex } } }, { a: { b: { c: readRegex } } }],
    [
      'in the scope of code',
      { c: new Code('f', { regex }) },
      { c: { $code: 'f', $scope: { regex: readRegex } } },
    ],
    [
      'as the id of a reference',
      { r: { $ref: 'c', $id: regex } },
      { r: { $ref: 'c', $id: readRegex } },
    ],
    ['twice', { a: regex, b: regex }, { a: readRegex, b: readRegex }],
  ])('reads one %s', (_where, document, expected) => {
    expect(plain(document)).toEqual(expected);
  });

  it('keeps a field called __proto__', () => {
    const parsed: unknown = JSON.parse('{"__proto__": {"a": 1}}');
    const read = decodeDocument(
      BSON.serialize({ ...(parsed as object), ['__proto__']: 'x', regex }),
    );
    expect(Object.hasOwn(read, '__proto__')).toBe(true);
  });

  it.each([0, 1, 3, 4, 5, 40])(
    'gives all of %d bytes of subtype 2 whose inner length is wrong',
    (length) => {
      const bytes = Buffer.alloc(length, 7);
      const expected = { $binary: { base64: bytes.toString('base64'), subType: '02' } };
      expect(plain({ a: undecodable.binary(bytes) })).toEqual({ a: expected });
    },
  );

  it('reads text that is no UTF-8 beside it', () => {
    const bytes = Buffer.from(BSON.serialize({ text: 'xyz', regex }));
    bytes[bytes.indexOf('xyz') + 1] = 0xff;
    expect(toPlainDocument(decodeDocument(bytes))).toEqual({ text: 'x\uFFFDz', regex: readRegex });
  });

  it('reads whatever JSON says, in its order', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((n) => !n.includes('\0') && !n.startsWith('$')),
          fc.jsonValue(),
        ),
        (document) => {
          const read = plain({ ...document, last: regex }) as object;
          expect(read).toEqual({ ...(plain(document) as object), last: readRegex });
        },
      ),
    );
  });

  it('throws for bytes that are no BSON', () => {
    const bytes = Buffer.from(BSON.serialize({ a: 1, b: 2 }));
    bytes[4] = 0x55;
    expect(() => decodeDocument(bytes)).toThrow('Invalid 0x55 type byte');
  });
});
