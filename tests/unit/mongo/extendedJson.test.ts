import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BSON, Double, Long, Timestamp, UUID, type Document } from 'mongodb';
import { toConnectorJson } from '../../../src/mongo/connectorJson.ts';
import {
  jsonClusterTime,
  jsonDate,
  parseJson,
  toBson,
  type JsonObject,
} from '../../../src/mongo/extendedJson.ts';

describe('parseJson', () => {
  it('is JSON.parse for any JSON with ordinary numbers', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (json) => {
        const isOrdinary = !/[\d.]{14,}/.test(json);
        expect(isOrdinary ? parseJson(json) : null).toEqual(isOrdinary ? JSON.parse(json) : null);
      }),
    );
  });

  it.each([
    ['9007199254740993', { $numberLong: '9007199254740993' }],
    ['-9223372036854775808', { $numberLong: '-9223372036854775808' }],
    ['9223372036854775808', 9223372036854775808],
    ['1.152921504606847E18', { $numberDouble: '1.152921504606847E18' }],
    ['9007199254740991', 9007199254740991],
    ['1697696720408', 1697696720408],
    ['"9007199254740993"', '9007199254740993'],
    ['": 9007199254740993"', ': 9007199254740993'],
  ])('keeps what %s is', (json, value) => {
    expect(parseJson(`{"a": ${json}, "b": [${json}]}`)).toEqual({ a: value, b: [value] });
  });

  it('takes what is no number for null, outside of texts', () => {
    const json = '{"NaN": NaN, "a\\"": [-Infinity,Infinity, "NaN", "\\"NaN\\\\"]}';
    expect(parseJson(json)).toEqual({ NaN: null, 'a"': [null, null, 'NaN', '"NaN\\'] });
  });

  it.each(['', '{', '{"a": NaN', 'NaN}', '{"a": nan}'])('throws for %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

describe('toBson', () => {
  const stored = (json: string): Document | null => {
    const bson = toBson(parseJson(json) as JsonObject);
    return bson === null ? null : BSON.deserialize(bson, { promoteValues: false });
  };
  const typed = {
    double: new Double(28),
    long: Long.fromNumber(28),
    date: new Date('2023-10-19T06:25:20.408Z'),
    old: new Date(28),
    id: new UUID('bd706f90-aa14-47ea-9844-3d1e1123f4ee'),
    list: [{ time: new Timestamp({ t: 1, i: 2 }) }],
  };

  it('gives the bytes that the server sends', () => {
    const json = parseJson(toConnectorJson(typed, { formatter: 'extended', numbers: 'int' }));
    expect(Buffer.from(toBson(json as JsonObject) ?? [])).toEqual(
      Buffer.from(BSON.serialize(typed)),
    );
  });

  it('reads dates, UUIDs and long numbers of version 1', () => {
    const read = stored(toConnectorJson(typed, { formatter: 'default', numbers: 'int' }));
    const { date, old, id, long } = BSON.deserialize(BSON.serialize(typed), {
      promoteValues: false,
    });
    expect(read).toMatchObject({ date, old, id, long });
  });

  it.each([
    '{"a": {"$oid": "28"}}',
    '{"a": {"$date": {}}}',
    '{"a\\u0000": 1}',
    '{"a": {"_bsontype": "Long"}}',
  ])('is null for %s', (json) => {
    expect(stored(json)).toBeNull();
  });
});

describe('a time in Extended JSON', () => {
  it.each([
    [{ $date: '2023-10-19T06:25:20.408Z' }, 1697696720408],
    [{ $date: 1697696720408 }, 1697696720408],
    [{ $date: { $numberLong: '1697696720408' } }, 1697696720408],
    [{ $date: 'never' }, Number.NaN],
    [{ $date: { $numberLong: 28 } }, Number.NaN],
    ['2023-10-19T06:25:20.408Z', Number.NaN],
    [null, Number.NaN],
  ])('is read from %j', (json, ms) => {
    expect(jsonDate(json).getTime()).toBe(ms);
  });

  it('is read from a timestamp', () => {
    expect(jsonClusterTime({ $timestamp: { t: 1697696720, i: 3 } })).toEqual(
      new Date(1697696720000),
    );
    expect(jsonClusterTime({ $timestamp: 1 }).getTime()).toBe(Number.NaN);
  });
});
