import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { BSON, UUID, type Timestamp, type Document } from 'mongodb';
import { toConnectorJson } from '../../../src/mongo/connectorJson.ts';
import { keyHashOf } from '../../../src/domain/partitionKey.ts';
import type { UnreadableReason } from '../../../src/ports/topic.ts';
import {
  aMessage,
  anEvent,
  anUpdate,
  aSaved,
  debeziumMessage,
  decodeMessages,
  inPayload,
  messageOf,
  values,
  wallTime,
} from '../../support/connectorEvents.ts';

const decode = decodeMessages();
const update = anUpdate({ deliveryStatus: 'SENT' });
const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const key = bytes('{"_id": "sms-1"}');
const without = (event: Document, ...names: readonly string[]): Document =>
  Object.fromEntries(Object.entries(event).filter(([name]) => !names.includes(name)));
const eachValue = Object.entries(values);

describe('messages without a change', () => {
  it.each(eachValue)('ignores what is of no concern, in %s', (_format, value) => {
    for (const operation of ['delete', 'create', 'createIndexes', 'shardCollection', 'news']) {
      const event = anEvent(operation, { documentKey: { _id: 'sms-1' } });
      expect(decode(messageOf(event, value))).toEqual({ kind: 'ignored' });
    }
  });

  it.each(eachValue)('tells that the collection is gone, in %s', (_format, value) => {
    for (const operation of ['drop', 'rename', 'dropDatabase', 'invalidate']) {
      const fields = operation === 'dropDatabase' ? { ns: { db: 'sms' } } : {};
      expect(decode(messageOf(anEvent(operation, fields), value))).toEqual({
        kind: 'collectionGone',
        operation,
        at: wallTime,
      });
    }
    const invalidate = without(anEvent('invalidate'), 'ns');
    expect(decode(messageOf(invalidate, value)).kind).toBe('collectionGone');
  });

  it('tells that another collection has taken its place', () => {
    const renamed = { ns: { db: 'sms', coll: 'other' }, to: { db: 'sms', coll: 'details' } };
    expect(decode(messageOf(anEvent('rename', renamed))).kind).toBe('collectionGone');
    const elsewhere = { ...renamed, to: { db: 'sms', coll: 'third' } };
    expect(decode(messageOf(anEvent('rename', elsewhere))).kind).toBe('otherCollection');
  });

  it.each([
    [{ db: 'sms', coll: 'other' }, 'sms.other'],
    [{ db: 'other', coll: 'details' }, 'other.details'],
    [{ db: 'other' }, 'other'],
  ])('names the collection of an event of %j', (ns, namespace) => {
    const kinds = eachValue.flatMap(([, value]) =>
      [update, anEvent('delete'), anEvent('drop')].map((event) =>
        decode(messageOf({ ...event, ns }, value)),
      ),
    );
    expect(kinds).toEqual(kinds.map(() => ({ kind: 'otherCollection', namespace })));
  });

  it('names the collection in an envelope', () => {
    const { value } = debeziumMessage(update);
    const moved = Buffer.from(value ?? [])
      .toString()
      .replace('"details"', '"other"');
    expect(decode(aMessage({ key, value: bytes(moved) }))).toEqual({
      kind: 'otherCollection',
      namespace: 'sms.other',
    });
  });

  it('knows a heartbeat by its resume token, and a tombstone', () => {
    const token = '{"_data": "8265A1B2C3"}';
    for (const value of [null, bytes(''), bytes('null'), bytes(inPayload(null as never))]) {
      for (const beat of [
        token,
        JSON.stringify(token),
        JSON.stringify({ schema: {}, payload: token }),
      ]) {
        expect(decode(aMessage({ key: bytes(beat), value }))).toEqual({ kind: 'heartbeat' });
      }
      expect(decode(aMessage({ key, value }))).toEqual({ kind: 'ignored' });
      expect(decode(aMessage({ value }))).toEqual({ kind: 'ignored' });
    }
  });
});

describe('when it was written', () => {
  const statusAt = (event: Document, value = values['BSON']): unknown => {
    const content = decode(messageOf(event, value));
    return content.kind === 'change' ? content.change.statusAt : content;
  };
  const odd = BSON.Long.fromNumber(9e15);

  it('is the wall time, else the cluster time, else when the connector saw it', () => {
    for (const [, value] of eachValue) {
      const { clusterTime } = update as { readonly clusterTime: Timestamp };
      const seconds = new Date(clusterTime.getHighBitsUnsigned() * 1_000);
      expect(statusAt(update, value)).toEqual(wallTime);
      expect(statusAt(without(update, 'wallTime'), value)).toEqual(seconds);
      expect(statusAt(without(update, 'wallTime', 'clusterTime'), value)).toEqual(
        new Date(1_700_000_000_000),
      );
    }
  });

  it('is never an invalid date', () => {
    const message = messageOf({ ...without(update, 'clusterTime'), wallTime: odd });
    for (const timestampMs of [-1, Number.NaN, 9e15]) {
      const content = decode({ ...message, timestampMs });
      expect(content.kind === 'change' && content.change.statusAt).toEqual(new Date(0));
    }
  });

  it('is what an envelope says of its source', () => {
    const { key: debeziumKey, value } = debeziumMessage(update);
    const said = Buffer.from(value ?? []).toString();
    const times = [
      said,
      said.replace(/,"wallTime":\d+/, ''),
      said.replace(/,"wallTime":\d+/, '').replace(/"ts_ms":\d+/, '"ts_ms":0'),
    ].map((text) => {
      const content = decode(aMessage({ key: debeziumKey, value: bytes(text) }));
      return content.kind === 'change' && content.change.statusAt.getTime();
    });
    expect(times).toEqual([wallTime.getTime(), 1_697_696_720_000, 1_700_000_000_000]);
  });
});

describe('messages that can not be read', () => {
  const json = (event: Document): Buffer =>
    bytes(toConnectorJson(event, { formatter: 'extended', numbers: 'int' }));
  const text = (event: Document): string =>
    toConnectorJson({ ...event, more: 'é' }, { formatter: 'extended', numbers: 'int' });
  const simplified = toConnectorJson(update, { formatter: 'simplified', numbers: 'int' });
  const avro = Buffer.concat([Buffer.from([0, 0, 0, 0, 7, 2]), bytes('sms-1')]);
  const document = { _id: 'sms-1', deliveryStatus: 'SENT' };
  const envelope = { op: 'u', source: { db: 'sms', collection: 'details' }, after: null };

  it.each<[UnreadableReason, string, Uint8Array]>([
    ['not_decodable', 'JSON that is cut off', json(update).subarray(0, -2)],
    ['not_decodable', 'text that is no UTF-8', Buffer.from(text(update), 'latin1')],
    ['not_decodable', 'JSON in JSON that is cut off', bytes(JSON.stringify('{"_id": '))],
    ['unknown_format', 'Avro with an id of its schema', avro],
    [
      'unknown_format',
      'BSON as base64',
      bytes(JSON.stringify(Buffer.from(BSON.serialize(update)).toString('base64'))),
    ],
    ['unknown_format', 'a list', bytes('[]')],
    ['unknown_format', 'text', bytes('Struct{op=u}')],
    ['unknown_format', 'BSON that is cut off', BSON.serialize(update).subarray(0, -1)],
    ['simplified_json', 'ids and dates as text only', bytes(simplified)],
    ['full_document_only', 'a document in BSON', BSON.serialize(document)],
    ['full_document_only', 'a document in JSON', json(document)],
    ['full_document_only', 'a document whose id is one', BSON.serialize({ _id: { a: 1 } })],
    [
      'no_operation',
      'an event without its operation',
      BSON.serialize(without(update, 'operationType')),
    ],
    ['no_operation', 'the same in JSON', json(without(update, 'operationType'))],
    ['no_operation', 'nothing at all', BSON.serialize({})],
    [
      'no_document_key',
      'an event without its document key',
      BSON.serialize(without(update, 'documentKey')),
    ],
    ['no_document_key', 'a document key as text', json({ ...update, documentKey: '{"_id": 1}' })],
    [
      'no_document_key',
      'a document key without an id',
      BSON.serialize({ ...update, documentKey: { a: 1 } }),
    ],
    [
      'nothing_written',
      'an update that does not say of what',
      json(without(update, 'updateDescription')),
    ],
    ['nothing_written', 'an update without its fields', json({ ...update, updateDescription: {} })],
    [
      'nothing_written',
      'an insert without a document',
      BSON.serialize(without(aSaved('insert', {}), 'fullDocument')),
    ],
    [
      'nothing_written',
      'an envelope of before version 2',
      bytes({ ...envelope, patch: '{"$set": {}}' }),
    ],
  ])('%s: %s', (reason, _what, value) => {
    expect(decode(aMessage({ key, value }))).toEqual({ kind: 'unreadable', reason });
  });

  it('too_large: more than an event can have', () => {
    const value = Buffer.alloc(64 * 1024 * 1024 + 1, '[');
    expect(decode(aMessage({ key, value }))).toEqual({ kind: 'unreadable', reason: 'too_large' });
  });

  it.each<[UnreadableReason, string, Uint8Array | null]>([
    ['no_key', 'no key', null],
    ['foreign_key', 'another document', bytes('{"_id": "sms-2"}')],
    ['foreign_key', 'a resume token', bytes('{"_id": {"_data": "8265A1B2C3"}}')],
    ['foreign_key', 'a field', bytes('{"accountID": 28}')],
    ['foreign_key', 'the id by itself', bytes('sms-1')],
    ['foreign_key', 'BSON', BSON.serialize({ _id: 'sms-1' })],
    ['foreign_key', 'an id that is no JSON', bytes('{"id": "sms-1"}')],
    ['foreign_key', 'nothing', bytes('')],
  ])('%s: %s', (reason, _what, other) => {
    expect(decode({ ...messageOf(update), key: other })).toEqual({ kind: 'unreadable', reason });
  });
});

describe('the key of a message', () => {
  const uuid = new UUID('bd706f90-aa14-47ea-9844-3d1e1123f4ee');

  it.each<[string, unknown]>([
    ['{"_id":"sms-1"}', 'sms-1'],
    ['"{\\"_id\\": \\"sms-1\\"}"', 'sms-1'],
    ['{"schema":{"type":"string"},"payload":"{\\"_id\\": \\"sms-1\\"}"}', 'sms-1'],
    ['{"id":"\\"sms-1\\""}', 'sms-1'],
    ['{"_id":{"$numberLong":"28"}}', 28],
    ['{"_id":28.0}', 28],
    ['{"_id":{"a":1}}', { a: 1 }],
    ['{"_id":"vXBvkKoUR+qYRD0eESP07g=="}', uuid],
    ['{"_id":"bd706f90-aa14-47ea-9844-3d1e1123f4ee"}', uuid],
  ])('may be written as %s, and is hashed as it is', (keyText, _id) => {
    const message = messageOf(anUpdate({ deliveryStatus: 'SENT' }, { _id }));
    const content = decode({ ...message, key: bytes(keyText) });
    const keyHash = content.kind === 'change' && content.change.documentKey.keyHash;
    expect(keyHash).toBe(keyHashOf(bytes(keyText)));
  });
});
