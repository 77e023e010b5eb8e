import { describe, expect, it } from '@jest/globals';
import {
  Binary,
  BSON,
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
import type { PlainDocument } from '../../../src/domain/plainValue.ts';
import { parseSmsDetail } from '../../../src/domain/sms.ts';
import { identify } from '../../../src/domain/identify.ts';
import { toPlainDocument } from '../../../src/mongo/plainDocument.ts';
import { aChange } from '../../support/builders.ts';

const hex = '000000000000000000000028';
const uuid = 'bd706f90-aa14-47ea-9844-3d1e1123f4ee';

/** A value of every type that can be stored. */
const values = {
  text: 'some text',
  digits: '28',
  'empty text': '',
  symbol: new BSON.BSONSymbol('some text'),
  int32: new Int32(28),
  'whole double': new Double(28),
  'broken double': new Double(28.5),
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  long: Long.fromNumber(28),
  'long beyond 2^53': Long.fromString('9007199254740993'),
  'whole Decimal128': new Decimal128('28.0'),
  'whole Decimal128 beyond 2^53': new Decimal128('9007199254740993'),
  'broken Decimal128': new Decimal128('28.5'),
  'long broken Decimal128': new Decimal128('28.000000000000000000001'),
  'NaN Decimal128': new Decimal128('NaN'),
  ObjectId: new ObjectId(hex),
  UUID: new UUID(uuid),
  'UUID of subtype 3': new Binary(new UUID(uuid).id, 3),
  'subtype 3 of another size': new Binary(Buffer.from('28'), 3),
  Binary: new Binary(Buffer.from('28')),
  boolean: true,
  null: null,
  Date: new Date(28),
  Timestamp: new Timestamp({ t: 0, i: 28 }),
  regex: /28/,
  Code: new Code('28'),
  'Code with scope': new Code('28', { a: 1 }),
  DBRef: new DBRef('c', new ObjectId(hex)),
  MinKey: new MinKey(),
  MaxKey: new MaxKey(),
  list: ['28'],
  subdocument: { value: '28' },
} satisfies Record<string, unknown>;
type Type = keyof typeof values;

// The driver hands out a symbol, which MongoDB has given up long ago, as the text it is.
const texts: readonly Type[] = ['text', 'digits', 'symbol'];
const numbers: readonly Type[] = [
  ...(['int32', 'whole double', 'long', 'long beyond 2^53'] as const),
  ...(['whole Decimal128', 'whole Decimal128 beyond 2^53'] as const),
];
const uuids: readonly Type[] = ['UUID', 'UUID of subtype 3'];
const usable: Readonly<Record<string, readonly Type[]>> = {
  _id: [...texts, 'empty text', ...numbers, 'ObjectId', ...uuids],
  deliveryStatus: texts,
  accountID: ['digits', ...numbers],
  flowId: ['digits', ...numbers],
  phononUuid: [...texts, ...uuids],
};

const cases = Object.entries(usable).flatMap(([field, types]) =>
  (Object.keys(values) as Type[]).map((type) => ({ field, type, isUsable: types.includes(type) })),
);

/** Whether the worker could tell of a document that is read as this. */
function canBeNotified(document: PlainDocument): boolean {
  const { _id: id = null, deliveryStatus } = document;
  const identity = identify(aChange({ id, deliveryStatus }), new Set());
  return identity.kind === 'subject' && parseSmsDetail(document).kind === 'usable';
}

describe('a document with a value of any type where the worker looks', () => {
  const good = { _id: 'a', deliveryStatus: 'SENT', accountID: 28, flowId: 200, phononUuid: uuid };

  it.each(cases)('$field: $type, usable: $isUsable', ({ field, type, isUsable }) => {
    const bytes = BSON.serialize({ ...good, [field]: values[type] });
    expect(canBeNotified(toPlainDocument(BSON.deserialize(bytes)))).toBe(isUsable);
  });

  it('keeps each number it can use, whatever it was stored as', () => {
    const read = (accountID: unknown): unknown =>
      toPlainDocument(BSON.deserialize(BSON.serialize({ accountID })))['accountID'];
    expect(numbers.map((type) => read(values[type]))).toEqual([
      ...[28, 28, 28, '9007199254740993'],
      ...[28, '9007199254740993'],
    ]);
  });
});
