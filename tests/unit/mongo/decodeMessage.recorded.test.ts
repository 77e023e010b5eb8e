import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { keyHashOf, partitionOf } from '../../../src/domain/partitionKey.ts';
import { createMessageKeys } from '../../../src/mongo/messageKeys.ts';
import type { MessageContent, TopicMessage } from '../../../src/ports/topic.ts';
import { aMessage, decodeMessages } from '../../support/connectorEvents.ts';
import { ids, oddWrites, writesTo } from '../../support/kafka/writes.ts';

interface Recorded {
  readonly name: string;
  readonly partition: number;
  readonly message: TopicMessage;
}

/** What a real connector has made of these writes, in a topic of twelve partitions. */
function recorded(format: string): readonly Recorded[] {
  const file = new URL(`../../support/kafka/messages/${format}.json`, import.meta.url);
  const rows = JSON.parse(readFileSync(file, 'utf8')) as readonly {
    readonly name: string;
    readonly partition: number;
    readonly timestamp: number;
    readonly key: string | null;
    readonly value: string | null;
  }[];
  const bytes = (text: string | null): Buffer | null =>
    text === null ? null : Buffer.from(text, 'base64');
  return rows.map(({ name, partition, timestamp, key, value }) => ({
    ...{ name, partition },
    message: aMessage({ partition, timestampMs: timestamp, key: bytes(key), value: bytes(value) }),
  }));
}

const decode = decodeMessages({ database: 'central', collection: 'SMSDetailDocument' });

/** What a message says but for when it was written, and how its key is. */
function said(content: MessageContent): unknown {
  if (content.kind === 'collectionGone') return { ...content, at: null };
  if (content.kind !== 'change') return content;
  const { operation, id, deliveryStatus, document, setFields, documentKey } = content.change;
  return { operation, id, deliveryStatus, document, setFields, key: documentKey.opaque };
}

const saidIn = (format: string): ReadonlyMap<string, unknown> =>
  new Map(recorded(format).map(({ name, message }) => [name, said(decode(message))]));

const readable = ['extendedJson', 'defaultJson', 'jsonConverter', 'jsonConverterWithSchema'];
const envelopes = ['debezium', 'debeziumWithSchema', 'debeziumBrief'];
const all = ['bson', ...readable, 'simplifiedJson', ...envelopes];
const writes = [...Object.keys(ids).flatMap(writesTo), ...oddWrites];

describe('messages recorded from the connector', () => {
  const inBson = saidIn('bson');

  it.each(writes.filter(({ shown }) => shown !== null))('$name says what was written', (write) => {
    const { name, operation } = write;
    const shown = write.shown ?? {};
    const { deliveryStatus } = shown as { readonly deliveryStatus?: unknown };
    const isIgnored = operation === 'update' && deliveryStatus === null;
    expect(inBson.get(name)).toMatchObject(
      isIgnored ? { kind: 'ignored' } : { operation, deliveryStatus, setFields: shown },
    );
  });

  it.each(readable)('say the same in %s as in BSON', (format) => {
    expect(inBson.size).toBeGreaterThan(30);
    expect(saidIn(format)).toEqual(inBson);
  });

  it.each(envelopes)('say the same in %s, but for what is set within a document', (format) => {
    const contents = saidIn(format);
    expect(contents.size).toBeGreaterThan(30);
    for (const [name, content] of contents) {
      const expected = inBson.get(name) ?? { kind: 'ignored' };
      const isNested = name === 'update-nested-fields';
      expect(content).toEqual(
        isNested ? { ...expected, setFields: { deliveryStatus: 'DELIVERED' } } : expected,
      );
    }
  });

  it('are known as a heartbeat and as the end of the collection', () => {
    for (const format of ['bson', ...readable]) {
      expect(saidIn(format).get('heartbeat')).toEqual({ kind: 'heartbeat' });
      expect(saidIn(format).get('drop')).toMatchObject({ operation: 'drop' });
    }
  });

  it.each([
    ['simplifiedJson', 'simplified_json'],
    ['fullDocumentOnly', 'full_document_only'],
  ])('can not be read in %s', (format, reason) => {
    const contents = [...saidIn(format)].filter(([name]) => name !== 'heartbeat');
    expect(contents.length).toBeGreaterThan(20);
    for (const [, content] of contents) expect(content).toEqual({ kind: 'unreadable', reason });
  });

  it.each(all)('are in the partition that their keys say, in %s', (format) => {
    for (const { message, partition } of recorded(format)) {
      expect(partitionOf(keyHashOf(message.key ?? Buffer.of()), 12)).toBe(partition);
    }
  });

  it.each(['bson', ...readable, ...envelopes])(
    'have the keys that a row of their SMS gets, in %s',
    (format) => {
      const keys = createMessageKeys();
      for (const { message } of recorded(format)) {
        const content = decode(message);
        if (content.kind !== 'change' || message.key === null) continue;
        const { opaque } = content.change.documentKey;
        expect(keys.names(message.key, opaque as Document)).toBe(true);
        expect(keys.keyHashOf({ opaque })).toBe(keyHashOf(message.key));
      }
    },
  );
});
