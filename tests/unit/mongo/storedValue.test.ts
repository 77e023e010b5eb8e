import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { BSON, Long, ObjectId, Timestamp, UUID } from 'mongodb';
import { decodeAll, decodeDocument, decodeKey } from '../../../src/mongo/decodeDocument.ts';
import { exactText } from '../../../src/mongo/storedValue.ts';
import { toPlainField } from '../../../src/mongo/plainDocument.ts';
import { StoredValue } from '../../../src/mongo/storedValue.ts';
import {
  oddIds,
  rawDocument,
  rawFields,
  rawText,
  written,
  type RawValue,
} from '../../support/rawBson.ts';

const asHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** Numbers, and symbols, may come as another type: they compare as equal. */
const asOtherType: readonly number[] = [0x01, 0x12, 0x13, 0x0e];
const [, brokenSymbol] = oddIds.find(([what]) => what.startsWith('a symbol that')) ?? [];
const changed = oddIds.filter(([, { type }]) => !asOtherType.includes(type));

describe('decodeKey', () => {
  it.each(changed)('gives what goes back as it is stored: %s', (_what, id) => {
    const key = rawFields(['_id', id], ['shard', id]);
    expect(asHex(BSON.serialize(decodeKey(key)))).toBe(asHex(key));
  });

  it.each(oddIds.filter(([, { type }]) => asOtherType.includes(type)))(
    'gives another type of what compares as equal: %s',
    (_what, id) => {
      const { _id } = decodeKey(rawFields(['_id', id]));
      expect(_id instanceof StoredValue).toBe(id === brokenSymbol);
    },
  );

  it.each(changed)('gives what goes back in filters, lists and updates: %s', (_what, id) => {
    const { _id } = decodeKey(rawFields(['_id', id]));
    const list = { ...rawDocument(['0', id], ['1', id]), type: 0x04 };
    const expected = rawFields(
      ['find', written('sms')],
      ['filter', rawDocument(['_id', rawDocument(['$in', list])])],
      ['min', rawDocument(['_id', id])],
    );
    const command = { find: 'sms', filter: { _id: { $in: [_id, _id] } }, min: { _id } };
    expect(asHex(BSON.serialize(command))).toBe(asHex(expected));
  });

  it.each([
    ['a text', 'sms-1'],
    ['an ObjectId', new ObjectId()],
    ['a UUID', new UUID()],
    ['a number', 7],
    ['an integer beyond all doubles', Long.MAX_VALUE],
    ['a timestamp', new Timestamp({ t: 1, i: 2 })],
    ['a date', new Date(1)],
    ['null', null],
    ['a text with U+FFFD in it', 'a\uFFFDb'],
  ])('leaves to the driver what that writes as it is: %s', (_what, id) => {
    const bytes = BSON.serialize({ _id: id });
    const key = decodeKey(bytes);
    expect(key['_id']).not.toBeInstanceOf(StoredValue);
    expect(asHex(BSON.serialize(key))).toBe(asHex(bytes));
  });

  it('calls the items of lists by their places', () => {
    const list = (...names: readonly string[]): RawValue => ({
      ...rawDocument(...names.map((name) => [name, rawText(Buffer.of(0xff))] as const)),
      type: 0x04,
    });
    const key = (...names: readonly string[]): Buffer =>
      rawFields(['_id', rawDocument([Buffer.of(0xfe), list(...names)])]);
    expect(asHex(BSON.serialize(decodeKey(key('7', 'x', '0'))))).toBe(asHex(key('0', '1', '2')));
  });

  it('leaves a field alone whose name holds what an ObjectId is recognised by', () => {
    const odd = rawText(Buffer.of(0xff));
    const key = decodeKey(rawFields(['_id', odd], ['a\u0007b', odd]));
    expect(key).toEqual({ _id: expect.any(StoredValue), ['a\u0007b']: '\uFFFD' });
  });
});

describe('decodeAll', () => {
  const odd = rawDocument(['_bsontype', written('Odd')]);

  it('gives each document an id that goes back as it is stored, and else what the driver does', () => {
    const bytes = rawFields(['_id', odd], ['a', odd]);
    const [document] = decodeAll([bytes]);
    expect(document).toEqual({ ...decodeDocument(bytes), _id: expect.any(StoredValue) });
  });

  it('gives such values in the fields that are named, and in lists there', () => {
    const list = { ...rawDocument(['0', odd], ['1', written('a')]), type: 0x04 };
    const progress = rawDocument(['kind', written('dates')], ['from', odd], ['passed', list]);
    const bytes = rawFields(['_id', written('gap')], ['progress', progress]);
    const [row] = decodeAll([bytes], ['progress']);
    expect(row).toMatchObject({ _id: 'gap', progress: { kind: 'dates' } });
    expect(asHex(BSON.serialize(row ?? {}))).toBe(asHex(bytes));
  });

  it('gives the id of a document with the fields of a reference', () => {
    const bytes = BSON.serialize({ $ref: 'c', _id: 'sms-1', $id: 1 });
    expect(decodeAll([bytes])).toEqual([{ $ref: 'c', _id: 'sms-1', $id: 1 }]);
  });
});

describe('a stored value', () => {
  it('is told apart from others by its bytes', () => {
    const textOf = (bytes: Buffer): string =>
      exactText(decodeKey(rawFields(['_id', rawText(bytes)]))['_id']);
    expect(textOf(Buffer.of(0xff))).toBe(textOf(Buffer.of(0xff)));
    expect(textOf(Buffer.of(0xff))).not.toBe(textOf(Buffer.of(0xfe)));
  });

  it('reads as what can be read of it', () => {
    const idOf = (id: RawValue): unknown =>
      toPlainField(decodeKey(rawFields(['_id', id]))['_id'], '_id');
    expect(idOf(rawText(Buffer.from([0x61, 0xff])))).toBe('a\uFFFD');
    expect(idOf(rawDocument(['_bsontype', written('Odd')]))).toEqual({ _bsontype: 'Odd' });
  });
});
