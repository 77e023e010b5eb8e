import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
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
  type Document,
} from 'mongodb';
import { hostileRows, type End, type HostileRow } from './hostileRows.ts';
import { markedFields } from './marked.ts';

/** Ways in which a document can name the number, and others in which it must not be taken for it. */
const numberAs: readonly ((id: number) => unknown)[] = [
  (id) => id,
  (id) => new Int32(id),
  (id) => new Double(id),
  (id) => Long.fromNumber(id),
  (id) => String(id),
  (id) => Decimal128.fromString(`${id}.0`),
];
const numberNotAs: readonly ((id: number) => unknown)[] = [
  (id) => `${id}abc`,
  (id) => ` ${id}`,
  (id) => `${id} `,
  (id) => `${id}.0`,
  (id) => `+${id}`,
  (id) => `${id}e0`,
  (id) => `0x${id.toString(16)}`,
  (id) => `${id}\u0000`,
  (id) => String(id).replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  (id) => id + 0.5,
  (id) => [id],
  (id) => ({ $numberLong: String(id) }),
  (id) => ({ valueOf: id }),
  (id) => new ObjectId(String(id).padStart(24, '0')),
  (id) => Decimal128.fromString(`${id}.00000000000000000001`),
  (id) => new Timestamp({ t: 0, i: id }),
  (id) => new Code(String(id)),
  (id) => new Date(id),
  () => Number.NaN,
  () => Infinity,
  () => 1e300,
  () => '9223372036854775808',
  () => '9'.repeat(500),
  () => true,
  () => null,
  () => '',
  () => new Binary(Buffer.from('28')),
  () => new BSONRegExp('28'),
  () => new MinKey(),
];

const usableStatuses = [
  'DELIVERED',
  'a b',
  '🙂',
  '$set',
  'a.b',
  'ü:/?#%',
  '__proto__',
  'x'.repeat(200),
  '\u0000',
  '\ud800',
];
const unusableStatuses: readonly unknown[] = [
  '',
  0,
  5,
  true,
  {},
  [],
  ['DELIVERED'],
  { $gt: '' },
  new ObjectId(),
  new Date(),
  Long.MAX_VALUE,
  new Code('x'),
];
const usableIds: readonly (() => unknown)[] = [
  () => randomUUID(),
  () => new ObjectId(),
  () => new UUID(),
  () => Long.fromString(String(2n ** 60n + BigInt(Math.floor(Math.random() * 1e15)))),
  () => `a.b$c/ü ${randomUUID()}`,
  () => `$${randomUUID()}`,
  () => `\u0000${randomUUID()}`,
];
const unusableIds: readonly (() => unknown)[] = [
  () => ({ a: randomUUID() }),
  () => Math.random(),
  () => new Date(Date.now() + Math.floor(Math.random() * 1e12)),
  () => new Binary(Buffer.from(randomUUID())),
  () => 'x'.repeat(1_000) + randomUUID(),
];

const taken = new Set([
  ...['_id', 'accountID', 'flowId', 'phononUuid', 'deliveryStatus', 'deliveryTime', 'sendTime'],
  'notify_on_delivery',
]);

const anyName = fc.oneof(
  fc.constantFrom(
    'a.b',
    '.',
    '$',
    '$x',
    '__proto__x',
    'constructor',
    'toJSON',
    'then',
    '1',
    '0x1',
    ' ',
    'ключ',
  ),
  fc.constantFrom(
    'id',
    '_class',
    'smsDetails',
    'phonon-uuid',
    'length',
    'valueOf',
    '_bsontype',
    'hasOwnProperty',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((name) => !taken.has(name)),
);
const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: false },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }),
    fc.constantFrom<unknown>(
      ...[new ObjectId(), new UUID(), Long.MIN_VALUE, Long.MAX_VALUE, Decimal128.fromString('NaN')],
      ...[Decimal128.fromString('1E-6000'), new Binary(Buffer.alloc(40, 1), 9), new Timestamp(0n)],
      ...[new BSONRegExp('(?<x>', 'ims'), /a/gi, new Code('x()', { y: 1 }), new BSONSymbol('s')],
      ...[new MinKey(), new MaxKey(), new DBRef('c', new ObjectId()), new Date(8.64e15)],
      ...[
        -0,
        Number.NaN,
        -Infinity,
        5e-324,
        2 ** 53,
        '\ud800\udfff\u2028</script>',
        'x'.repeat(5_000),
      ],
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyName, tie('value'), { maxKeys: 4 }),
  ),
})).value;

function deep(levels: number): Document {
  let value: Document = { end: true };
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? { d: value } : [value];
  return value;
}

/** A document, and how it ends, null where there is to be no record. */
export interface HostileDocument {
  readonly document: Document;
  readonly end: End;
}

/** Of any of the rows' accounts; `accountId` and `flowId` give their numbers. */
export function hostileDocuments(
  count: number,
  seed: number,
  { accountId, flowId }: Readonly<Record<'accountId' | 'flowId', (row: number) => number>>,
): readonly HostileDocument[] {
  const flaw = fc.constantFrom(
    'none',
    'none',
    'none',
    'none',
    'account',
    'flow',
    'uuid',
    'status',
    'id',
  );
  const shape = fc.record({
    row: fc.nat(hostileRows.length - 1),
    flaw,
    spelling: fc.nat(1_000),
    extra: fc.dictionary(anyName, anyValue, { maxKeys: 5 }),
    isDeep: fc.boolean().chain((first) => (first ? fc.boolean() : fc.constant(false))),
  });
  const pick = <Item>(items: readonly Item[], index: number): Item =>
    items[index % items.length] as Item;
  return fc
    .sample(shape, { numRuns: count, seed })
    .map(({ row, flaw: wrong, spelling, extra, isDeep }) => {
      const account = pick(wrong === 'account' ? numberNotAs : numberAs, spelling)(accountId(row));
      const flow = pick(wrong === 'flow' ? numberNotAs : numberAs, spelling)(flowId(row));
      const badUuids: readonly unknown[] = ['', 5, null, new ObjectId(), {}, ['x'], Long.MAX_VALUE];
      const document = {
        _id: pick(wrong === 'id' ? unusableIds : usableIds, spelling)(),
        ...(isDeep ? { deep: deep(100) } : {}),
        ...extra,
        accountID: account,
        flowId: flow,
        phononUuid: wrong === 'uuid' ? pick(badUuids, spelling) : pick(['u', new UUID()], spelling),
        sendTime: new Date(),
        ...markedFields,
        deliveryStatus: pick(wrong === 'status' ? unusableStatuses : usableStatuses, spelling),
      };
      return { document, end: endOf(wrong, hostileRows[row]) };
    });
}

function endOf(flaw: string, row: HostileRow | undefined): End {
  if (flaw === 'status' || flaw === 'id') return null;
  if (flaw !== 'none') return 'unusable_document';
  return row?.end ?? null;
}
