import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { Binary, Decimal128, Long, ObjectId, UUID } from 'mongodb';
import { keyHashOf } from '../../../src/domain/partitionKey.ts';
import { createMessageKeys } from '../../../src/mongo/messageKeys.ts';
import type { KeyExample } from '../../../src/ports/topicMemory.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const hash = (text: string): number => keyHashOf(bytes(text));

describe('the keys of a topic', () => {
  it('are hashed as they were read, else as the connector writes them by itself', () => {
    const { keyHashOf: hashOf } = createMessageKeys();
    const hex = '507f1f77bcf86cd799439011';
    expect(hashOf({ opaque: { _id: 'sms-1' }, keyHash: 28 })).toBe(28);
    expect(hashOf({ opaque: { _id: 'sms-1' } })).toBe(hash('{"_id": "sms-1"}'));
    expect(hashOf({ opaque: { _id: 28 } })).toBe(hash('{"_id": 28}'));
    expect(hashOf({ opaque: { _id: new ObjectId(hex) } })).toBe(
      hash(`{"_id": {"$oid": "${hex}"}}`),
    );
  });

  it.each([
    ['{"_id": {"$numberLong": "28"}}', 28, '{"_id": {"$numberLong": "29"}}'],
    ['{"_id": 28.0}', 28, '{"_id": 29.0}'],
    ['{"_id": {"$numberInt": "28"}}', 28, '{"_id": {"$numberInt": "29"}}'],
    ['"{\\"_id\\": 28}"', 28, '"{\\"_id\\": 29}"'],
    ['{"schema":{},"payload":{"id":"28"}}', 28, '{"schema":{},"payload":{"id":"29"}}'],
  ])('are hashed as %s, once that has been seen', (seen, _id, expected) => {
    const keys = createMessageKeys();
    expect(keys.keyHashOf({ opaque: { _id: 29 } })).not.toBe(hash(expected));
    expect(keys.names(bytes(seen), { _id })).toBe(true);
    expect(keys.keyHashOf({ opaque: { _id: 29 } })).toBe(hash(expected));
  });

  it('are learnt again when they change, as after a change of the connector', () => {
    const keys = createMessageKeys();
    for (const text of ['{"_id": {"$numberLong": "28"}}', '{"_id": 28}', '{"id":"28"}']) {
      expect(keys.names(bytes(text), { _id: 28 })).toBe(true);
      expect(keys.keyHashOf({ opaque: { _id: 28 } })).toBe(hash(text));
    }
  });

  it('are named in ways that are not known, and go on to be hashed as before', () => {
    const keys = createMessageKeys();
    for (let n = 0; n < 200; n += 1)
      expect(keys.names(bytes('{"_id":  28 }'), { _id: 28 })).toBe(true);
    expect(keys.keyHashOf({ opaque: { _id: 28 } })).toBe(hash('{"_id": 28}'));
  });

  it('teach nothing when they name another document', () => {
    const keys = createMessageKeys();
    expect(keys.names(bytes('{"_id": {"$numberLong": "28"}}'), { _id: 29 })).toBe(false);
    expect(keys.keyHashOf({ opaque: { _id: 28 } })).toBe(hash('{"_id": 28}'));
  });

  it('have the shard key, of which more has to be known than the id, once that has been seen', () => {
    const keys = createMessageKeys();
    expect(keys.keyHashOf({ opaque: { _id: 'sms-2' } })).toBe(hash('{"_id": "sms-2"}'));
    const seen = '{"region.code": "IN", "_id": "sms-1"}';
    expect(keys.names(bytes(seen), { 'region.code': 'IN', _id: 'sms-1' })).toBe(true);
    expect(keys.keyHashOf({ opaque: { _id: 'sms-2' } })).toBeNull();
    expect(keys.keyHashOf({ opaque: { _id: 'sms-2' }, keyHash: 7 })).toBe(7);
    const whole = hash('{"region.code": "LK", "_id": "sms-2"}');
    expect(keys.keyHashOf({ opaque: { 'region.code': 'LK', _id: 'sms-2' } })).toBe(whole);
    expect(keys.keyHashIn({ _id: 'sms-2', region: { code: 'LK', name: 'x' }, to: 1 })).toBe(whole);
    expect(keys.fields).toEqual(['region.code', '_id']);
    // Of a document without it.
    const partial = '{"_id": "sms-3"}';
    expect(keys.names(bytes(partial), { _id: 'sms-3' })).toBe(true);
    expect(keys.fields).toEqual(['region.code', '_id']);
    expect(keys.keyHashIn({ _id: 'sms-3', region: 'none' })).toBe(hash(partial));
    expect(keys.keyHashOf({ opaque: null })).toBeNull();
  });

  it('are known to others by an example', () => {
    const keys = createMessageKeys();
    expect(keys.example).toBeNull();
    keys.names(bytes('{"_id": 1}'), { _id: 1 });
    const { example: first } = keys;
    keys.names(bytes('{"_id": 2}'), { _id: 2 });
    expect(keys.example).toBe(first);
    const seen = '{"flow": {"$numberLong": "7"}, "_id": {"$numberLong": "28"}}';
    keys.names(bytes(seen), { flow: 7, _id: 28 });
    const others = createMessageKeys();
    others.learnFrom(keys.example as KeyExample);
    expect(others.keyHashIn({ _id: 29, flow: 8 })).toBe(
      hash('{"flow": {"$numberLong": "8"}, "_id": {"$numberLong": "29"}}'),
    );
    const { example } = others;
    others.learnFrom({ messageKey: bytes('{"_id":1}'), documentKey: { _id: 1 } });
    expect(others.example).toBe(example);
    keys.names(bytes(`{"_id": "${'x'.repeat(5_000)}"}`), { _id: 'x'.repeat(5_000), other: 1 });
    expect(keys.example).toEqual(others.example);
  });

  it('have a hash for every id there may be', () => {
    const { keyHashOf: hashOf } = createMessageKeys();
    const odd = [
      null,
      undefined,
      Decimal128.fromString('1'),
      new Binary(Buffer.of(1)),
      /x/,
      [1],
      {},
    ];
    const hashes = [...odd, new UUID(), Long.MAX_VALUE].map((_id) => hashOf({ opaque: { _id } }));
    expect(hashes.every((each) => Number.isInteger(each) && Number(each) >= 0)).toBe(true);
  });
});
