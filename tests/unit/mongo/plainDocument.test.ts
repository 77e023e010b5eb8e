import { describe, expect, it } from '@jest/globals';
import {
  Binary,
  BSON,
  BSONRegExp,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb';
import * as fc from 'fast-check';
import { type PlainValue, setField } from '../../../src/domain/plainValue.ts';
import { toLegacyUuid } from '../../../src/mongo/plainDocument.ts';
import { toPlain, toPlainDocument } from '../../../src/mongo/plainDocument.ts';

/** What the driver hands out for a stored document. */
function stored(document: object): BSON.Document {
  return BSON.deserialize(BSON.serialize(document, { ignoreUndefined: false }));
}

const date = new Date('2023-10-19T06:25:20.408Z');
const hex = '507f1f77bcf86cd799439011';
const uuid = 'bd706f90-aa14-47ea-9844-3d1e1123f4ee';
const uuidBytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');

const examples: [string, unknown, PlainValue][] = [
  ['string', 'फोनन 😀', 'फोनन 😀'],
  ['true', true, true],
  ['null', null, null],
  ['int32', new Int32(-7), -7],
  ['double', new Double(0.75), 0.75],
  ['whole double', new Double(28), 28],
  ['NaN', Number.NaN, null],
  ['Infinity', Number.POSITIVE_INFINITY, null],
  ['-Infinity', Number.NEGATIVE_INFINITY, null],
  ['Date', date, date],
  ['Date before 1970', new Date(-1), new Date(-1)],
  ['ObjectId', new ObjectId(hex), hex],
  ['UUID', new UUID(uuid), uuid],
  ['small Long', Long.fromNumber(28), 28],
  ['Long 2^53', Long.fromString('9007199254740992'), 9007199254740992],
  ['Long 2^53 + 1', Long.fromString('9007199254740993'), '9007199254740993'],
  ['Long 2^60', Long.fromString('1152921504606846976'), '1152921504606846976'],
  ['Long.MIN', Long.MIN_VALUE, '-9223372036854775808'],
  ['Decimal128 0.1', new Decimal128('0.1'), 0.1],
  ['Decimal128 0.10', new Decimal128('0.10'), 0.1],
  ['long Decimal128', new Decimal128('0.1234567890123456789'), '0.1234567890123456789'],
  ['Decimal128 NaN', new Decimal128('NaN'), null],
  ['Decimal128 Infinity', new Decimal128('Infinity'), null],
  ['Decimal128 -Infinity', new Decimal128('-Infinity'), null],
  ['Binary', new Binary(Buffer.from('abc')), { $binary: { base64: 'YWJj', subType: '00' } }],
  ['UUID of subtype 3', new Binary(uuidBytes, 3), 'ea4714aa-906f-70bd-eef4-23111e3d4498'],
  [
    'subtype 3 of another size',
    new Binary(Buffer.from('abc'), 3),
    { $binary: { base64: 'YWJj', subType: '03' } },
  ],
  [
    'subtype 4 of another size',
    new Binary(Buffer.from('abc'), 4),
    { $binary: { base64: 'YWJj', subType: '04' } },
  ],
  [
    'user-defined Binary',
    new Binary(Buffer.from('abc'), 0x80),
    { $binary: { base64: 'YWJj', subType: '80' } },
  ],
  [
    'malformed vector',
    new Binary(Buffer.from([0x99]), 9),
    { $binary: { base64: 'mQ==', subType: '09' } },
  ],
  ['regex', /a+b/im, { $regularExpression: { pattern: 'a+b', options: 'im' } }],
  [
    'regex with s',
    new BSONRegExp('a', 'ims'),
    { $regularExpression: { pattern: 'a', options: 'ims' } },
  ],
  ['Timestamp', new Timestamp({ t: 5, i: 7 }), { $timestamp: { t: 5, i: 7 } }],
  ['MinKey', new MinKey(), { $minKey: 1 }],
  ['MaxKey', new MaxKey(), { $maxKey: 1 }],
  ['Code', new Code('f()'), { $code: 'f()' }],
  [
    'Code with scope',
    new Code('f()', { a: new ObjectId(hex) }),
    { $code: 'f()', $scope: { a: { $oid: hex } } },
  ],
  ['Code with an inexpressible scope', new Code('f()', new Map([['_bsontype', 'x']])), null],
  ['symbol', new BSON.BSONSymbol('s'), 's'],
  ['DBRef', new DBRef('c', new ObjectId(hex)), { $ref: 'c', $id: { $oid: hex } }],
];

describe('toPlain', () => {
  it.each(examples)('turns %s into what JSON can say', (_name, value, plain) => {
    expect(toPlain(stored({ value })['value'])).toStrictEqual(plain);
  });

  it('agrees with the driver on relaxed Extended JSON', () => {
    const values = [
      new Binary(Buffer.from('abc'), 5),
      new Timestamp({ t: 1, i: 2 }),
      /x/im,
      new MinKey(),
      new Code('f()', { at: date }),
      new DBRef('c', new ObjectId(hex), 'd', { more: 1 }),
    ];
    for (const value of values) {
      expect(toPlain(value)).toStrictEqual(BSON.EJSON.serialize(value, { relaxed: true }));
    }
  });

  it.each([
    ['javaLegacy', '7766554433221100ffeeddccbbaa9988'],
    ['csharpLegacy', '33221100554477668899aabbccddeeff'],
    ['pythonLegacy', '00112233445566778899aabbccddeeff'],
  ] as const)('reads what a writer of %s stores as the UUID it is', (representation, hexBytes) => {
    const value = new Binary(Buffer.from(hexBytes, 'hex'), 3);
    const text = '00112233-4455-6677-8899-aabbccddeeff';
    expect(toPlain({ list: [{ value }] }, representation)).toEqual({ list: [{ value: text }] });
    const standard = new UUID(text);
    expect(toLegacyUuid(standard.buffer, representation)).toEqual(value);
    expect(toPlain(standard, representation)).toBe(text);
  });

  it('takes what the driver hands out under other settings', () => {
    expect(toPlain(28n)).toBe(28);
    expect(toPlain(2n ** 60n)).toBe('1152921504606846976');
    expect(toPlain(new Binary(uuidBytes, 4))).toBe(uuid);
    expect(toPlain(new BSONRegExp('(?i)a', 'lx'))).toEqual({
      $regularExpression: { pattern: '(?i)a', options: 'lx' },
    });
    expect(toPlain(undefined)).toBeNull();
  });

  it('reads the deprecated types undefined and DBPointer', () => {
    const bytes = Buffer.concat([
      Buffer.from('\0\0\0\0\x06u\0\x0Cp\0\x02\0\0\0c\0', 'latin1'),
      Buffer.from(hex, 'hex'),
      Buffer.from([0]),
    ]);
    bytes.writeInt32LE(bytes.length, 0);
    expect(toPlainDocument(BSON.deserialize(bytes))).toStrictEqual({
      u: null,
      p: { $ref: 'c', $id: { $oid: hex } },
    });
  });
});

describe('toPlainDocument', () => {
  it('keeps fields with the names of what every object inherits, and of driver classes', () => {
    const fields = new Map<string, unknown>([
      ['__proto__', new Map([['__proto__', new ObjectId(hex)]])],
      ['constructor', 1],
      ['toString', 2],
      ['toJSON', 3],
      ['_bsontype', 'ObjectId'],
      ['inner', new Map([['_bsontype', 'Long']])],
    ]);
    expect(JSON.stringify(toPlainDocument(stored(fields)))).toBe(
      `{"__proto__":{"__proto__":"${hex}"},"constructor":1,"toString":2,"toJSON":3,` +
        '"_bsontype":"ObjectId","inner":{"_bsontype":"Long"}}',
    );
  });

  it('does not take a document that looks like a reference for one', () => {
    const document = toPlainDocument(
      stored({ $ref: 'c', $id: new ObjectId(hex), deliveryStatus: 'SENT', at: date }),
    );
    expect(document).toStrictEqual({ $ref: 'c', $id: hex, deliveryStatus: 'SENT', at: date });
  });

  it('reaches to the bottom of deep documents', () => {
    let value: unknown = new ObjectId(hex);
    let plain: PlainValue = hex;
    for (let level = 0; level < 180; level += 1) {
      value = level % 2 === 0 ? { value } : [value];
      plain = level % 2 === 0 ? { value: plain } : [plain];
    }
    expect(toPlainDocument(stored({ value }))).toStrictEqual({ value: plain });
  });

  it('leaves the document it was given alone', () => {
    const inner = { long: Long.MAX_VALUE };
    const document = { id: new ObjectId(hex), inner };
    toPlainDocument(document);
    expect(document.id).toBeInstanceOf(ObjectId);
    expect(inner.long).toBe(Long.MAX_VALUE);
  });
});

/** A value to be stored, and what is to come of it. */
interface Pair<Value = unknown> {
  readonly value: Value;
  readonly plain: PlainValue;
}

const leaf: fc.Arbitrary<Pair> = fc.oneof(
  fc.constantFrom(...examples.map(([, value, plain]) => ({ value, plain }))),
  fc.string({ unit: 'binary' }).map((value) => ({ value, plain: value })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ value, plain: value })),
  fc.date({ noInvalidDate: true }).map((value) => ({ value, plain: value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((digits) => ({
    value: Long.fromBigInt(digits),
    plain:
      BigInt(Number(digits)) === digits && String(Number(digits)) === String(digits)
        ? Number(digits)
        : String(digits),
  })),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => ({
    value: new ObjectId(bytes),
    plain: Buffer.from(bytes).toString('hex'),
  })),
);

const fieldName = fc.oneof(
  fc.string({ unit: 'binary' }).filter((name) => !/\0|^\$/.test(name)),
  fc.constantFrom('__proto__', 'constructor', '_bsontype', 'toJSON', '10', '2'),
);

const { document } = fc.letrec<{ document: Pair<Map<string, unknown>>; pair: Pair }>((tie) => ({
  document: fc
    .uniqueArray(fc.tuple(fieldName, tie('pair')), { selector: ([name]) => name, maxLength: 8 })
    .map((fields) => {
      const plain: Record<string, PlainValue> = {};
      for (const [name, field] of fields) setField(plain, name, field.plain);
      return { value: new Map(fields.map(([name, field]) => [name, field.value])), plain };
    }),
  pair: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaf,
    tie('document'),
    fc.array(tie('pair'), { maxLength: 4 }).map((items) => ({
      value: items.map(({ value }) => value),
      plain: items.map(({ plain }) => plain),
    })),
  ),
}));

describe('toPlainDocument, for any document', () => {
  it('turns every type at any depth, and keeps names and order', () => {
    fc.assert(
      fc.property(document, ({ value, plain }) => {
        const result = toPlainDocument(stored(value));
        expect(result).toEqual(plain);
        expect(JSON.stringify(result)).toBe(JSON.stringify(plain));
      }),
      { numRuns: 300 },
    );
  });
});
