import { describe, expect, it } from '@jest/globals';
import { Binary, Long, UUID, type Document } from 'mongodb';
import { identify } from '../../../src/domain/identify.ts';
import type { Change } from '../../../src/domain/change.ts';
import type { MessageContent, TopicMessage } from '../../../src/ports/topic.ts';
import {
  anUpdate,
  aSaved,
  debeziumMessage,
  decodeMessages,
  inPayload,
  messageOf,
  objectId,
  values,
  wallTime,
} from '../../support/connectorEvents.ts';

const decode = decodeMessages();
const at = new Date('2023-10-19T06:25:20.000Z');

/** How one event comes in each format. */
const formats: readonly (readonly [string, (event: Document) => TopicMessage])[] = [
  ...Object.entries(values).map(
    ([name, value]) => [name, (event: Document) => messageOf(event, value)] as const,
  ),
  ["Debezium's envelope", (event) => debeziumMessage(event)],
  ["Debezium's envelope with a schema", (event) => debeziumMessage(event, inPayload)],
];

function changeOf(content: MessageContent): Change {
  if (content.kind !== 'change') throw new Error(`not a change: ${JSON.stringify(content)}`);
  return content.change;
}

describe.each(formats)('a message in %s', (_format, message) => {
  it('brings what an update has set', () => {
    const event = anUpdate({ deliveryStatus: 'DELIVERED', deliveryTime: at, cost: 0.5 });
    expect(changeOf(decode(message(event)))).toEqual({
      operation: 'update',
      documentKey: { opaque: { _id: 'sms-1' }, keyHash: expect.any(Number) },
      id: 'sms-1',
      deliveryStatus: 'DELIVERED',
      document: null,
      setFields: { deliveryStatus: 'DELIVERED', deliveryTime: at, cost: 0.5 },
      statusAt: wallTime,
      position: { wallTime, opaque: { offset: 17 } },
    });
  });

  it.each(['insert', 'replace'] as const)(
    'brings the status and the time of an %s',
    (operation) => {
      const document = { _id: 'sms-1', deliveryStatus: 'SENT', deliveryTime: at, text: 'hello' };
      expect(changeOf(decode(message(aSaved(operation, document))))).toMatchObject({
        operation,
        id: 'sms-1',
        deliveryStatus: 'SENT',
        document: null,
        setFields: { deliveryStatus: 'SENT', deliveryTime: at },
      });
    },
  );

  it('brings a replace without a status, which may have removed records', () => {
    for (const document of [{}, { deliveryStatus: null, deliveryTime: at }]) {
      const change = changeOf(decode(message(aSaved('replace', document))));
      expect(change).toMatchObject({ operation: 'replace', document: null, setFields: {} });
      expect(identify(change, new Set())).toEqual({ kind: 'noStatus' });
    }
  });

  it('brings an insert whose status is null, as the change stream does', () => {
    const whole = { _id: 'sms-1', deliveryStatus: null, text: 'hello' };
    for (const document of [whole, { deliveryStatus: null }, { deliveryTime: at }, {}]) {
      const change = changeOf(decode(message(aSaved('insert', document))));
      expect(change).toMatchObject({ operation: 'insert', document: null, setFields: {} });
      expect(identify(change, new Set())).toEqual({ kind: 'noStatus' });
    }
  });

  it('ignores an update and an insert that set no status', () => {
    const quiet = [
      anUpdate({ text: 'hello' }),
      anUpdate({ deliveryStatus: null }),
      anUpdate({}),
      aSaved('insert', { _id: 'sms-1', text: 'hello' }),
    ];
    expect(quiet.map((event) => decode(message(event)))).toEqual(
      quiet.map(() => ({ kind: 'ignored' })),
    );
  });

  it.each([
    ['a text', 'ab "c" \\ फ 😀', 'ab "c" \\ फ 😀'],
    ['an ObjectId', objectId, objectId.toHexString()],
    ['a number', 28, 28],
    ['a long number', Long.fromString('9007199254740993'), '9007199254740993'],
    [
      'a UUID',
      new UUID('bd706f90-aa14-47ea-9844-3d1e1123f4ee'),
      'bd706f90-aa14-47ea-9844-3d1e1123f4ee',
    ],
    [
      'a UUID of subtype 3',
      new Binary(new UUID('bd706f90-aa14-47ea-9844-3d1e1123f4ee').buffer, 3),
      'ea4714aa-906f-70bd-eef4-23111e3d4498',
    ],
  ])('names a document by %s', (_type, _id, id) => {
    const change = changeOf(decode(message(anUpdate({ deliveryStatus: 'SENT' }, { _id }))));
    expect(change.id).toBe(id);
    expect(identify(change, new Set()).kind).toBe('subject');
  });

  it('says so when a status is no text', () => {
    for (const deliveryStatus of [28, objectId, { code: 'SENT' }, ['SENT']]) {
      const change = changeOf(decode(message(anUpdate({ deliveryStatus }))));
      expect(identify(change, new Set()).kind).toBe('unusable');
    }
  });

  it('keeps numbers that JavaScript would change', () => {
    const fields = { deliveryStatus: 'SENT', accountID: Long.fromString('9007199254740993') };
    const { setFields } = changeOf(decode(message(anUpdate(fields))));
    expect(setFields['accountID']).toBe('9007199254740993');
  });
});

describe('what an update has set within a document', () => {
  const event = anUpdate({
    deliveryStatus: 'SENT',
    'cost.amount': 2,
    'parts.1': { n: 2 },
    to: ['1'],
  });

  it.each(Object.entries(values))('is told by its path in %s', (_format, value) => {
    const { setFields } = changeOf(decode(messageOf(event, value)));
    expect(setFields).toEqual({
      ...{ deliveryStatus: 'SENT', 'cost.amount': 2, 'parts.1': { n: 2 }, to: ['1'] },
    });
  });

  it('is left out of an envelope, which says it as if the whole document were set', () => {
    const { setFields } = changeOf(decode(debeziumMessage(event)));
    expect(setFields).toEqual({ deliveryStatus: 'SENT', to: ['1'] });
  });
});

describe('the document key', () => {
  it('has its shard keys', () => {
    const key = { region: 'eu', _id: 'sms-1', n: 7 };
    for (const value of Object.values(values)) {
      const change = changeOf(decode(messageOf(anUpdate({ deliveryStatus: 'SENT' }, key), value)));
      expect(change.documentKey.opaque).toEqual(key);
    }
  });

  it("has those in Debezium's key that follow the id", () => {
    const key = { _id: 'sms-1', region: 'eu' };
    const change = changeOf(decode(debeziumMessage(anUpdate({ deliveryStatus: 'SENT' }, key))));
    expect(change.documentKey.opaque).toEqual(key);
  });
});
