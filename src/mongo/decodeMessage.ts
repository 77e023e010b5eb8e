import { Buffer } from 'node:buffer';
import type { Document } from 'mongodb';
import { keyHashOf } from '../domain/partitionKey.ts';
import type { PlainValue } from '../domain/plainValue.ts';
import type {
  DecodeMessage,
  MessageContent,
  PositionOfMessage,
  TopicMessage,
  UnreadableReason,
} from '../ports/topic.ts';
import { readBsonEvent, readJsonEvent } from './connectorEvent.ts';
import { isEnvelope, readDebeziumEvent } from './debeziumEvent.ts';
import { decodeDocument, decodeKey } from './decodeDocument.ts';
import { jsonField } from './extendedJson.ts';
import { carriedFields, type MessageEvent, type Namespace } from './messageEvent.ts';
import { readJson } from './messageJson.ts';
import { createMessageKeys, readKey, type MessageKeys } from './messageKeys.ts';
import { toPlainDocument, toPlainField, type UuidRepresentation } from './plainDocument.ts';
import { ENDING_OPERATIONS, toChange } from './streamEvent.ts';

export interface DecodeMessageOptions {
  /** Of the SMS. */
  readonly database: string;
  readonly collection: string;
  readonly uuidRepresentation?: UuidRepresentation | undefined;
  readonly positionOf: PositionOfMessage;
  /** What is learnt of the topic's keys. */
  readonly keys?: MessageKeys;
}

type Decoding = DecodeMessageOptions & { readonly keys: MessageKeys };

/** The largest event has 16 MB as BSON; as JSON some have four times as many. */
const LONGEST_VALUE_BYTES = 64 * 1024 * 1024;

/** What a message of the topic says, in any format that the worker reads: each message is decoded once, here. */
export function createDecodeMessage({ keys, ...others }: DecodeMessageOptions): DecodeMessage {
  const options = { ...others, keys: keys ?? createMessageKeys(others.uuidRepresentation) };
  return (message) => {
    const { key, value } = message;
    if (value === null || value.length === 0) return withoutValue(key);
    if (value.length > LONGEST_VALUE_BYTES) return unreadable('too_large');
    try {
      const event = readEvent(value, key);
      if (event === null) return withoutValue(key);
      return typeof event === 'string' ? unreadable(event) : toContent(event, message, options);
    } catch {
      // What is no BSON, no JSON, or nested deeper than any document of a server.
      return unreadable('not_decodable');
    }
  };
}

const ignored: MessageContent = { kind: 'ignored' };

function unreadable(reason: UnreadableReason): MessageContent {
  return { kind: 'unreadable', reason };
}

/** A heartbeat's key is a resume token; without one it is a tombstone. */
function withoutValue(key: Uint8Array | null): MessageContent {
  const token = key === null ? null : readKey(key);
  return token !== null && jsonField(token, '_data') !== undefined
    ? { kind: 'heartbeat' }
    : ignored;
}

const OPENING_BRACE = 0x7b;
const QUOTE = 0x22;

/** By its first bytes: a document in BSON begins with its length, which no text has there. */
function readEvent(
  value: Uint8Array,
  key: Uint8Array | null,
): MessageEvent | UnreadableReason | null {
  if (isBson(value)) return readBsonEvent(value);
  if (value[0] !== OPENING_BRACE && value[0] !== QUOTE && !isNull(value)) return 'unknown_format';
  const json = readJson(value);
  if (json === null || typeof json === 'string') return json;
  const keyOf = (): ReturnType<typeof readKey> => (key === null ? null : readKey(key));
  return isEnvelope(json) ? readDebeziumEvent(json, keyOf) : readJsonEvent(json);
}

function isBson(value: Uint8Array): boolean {
  const { buffer, byteOffset, length } = value;
  return length > 4 && new DataView(buffer, byteOffset, length).getInt32(0, true) === length;
}

/** Of a `JsonConverter` without a schema. */
function isNull(value: Uint8Array): boolean {
  return value.length === 4 && Buffer.from(value).toString() === 'null';
}

function toContent(event: MessageEvent, message: TopicMessage, options: Decoding): MessageContent {
  const { operation, namespace, renamedTo } = event;
  const isOurs = namespace === null || isOf(namespace, options);
  if (ENDING_OPERATIONS.includes(operation)) {
    const isGone = isOurs || (renamedTo !== null && isOf(renamedTo, options));
    if (isGone) return { kind: 'collectionGone', operation, at: timeAt(event, message) };
  }
  if (!isOurs) {
    const { database, collection } = namespace;
    return {
      kind: 'otherCollection',
      namespace: collection === null ? database : `${database}.${collection}`,
    };
  }
  return isWrite(operation) ? toWrite(event, message, options) : ignored;
}

function isOf(
  { database, collection }: Namespace,
  options: Pick<DecodeMessageOptions, 'database' | 'collection'>,
): boolean {
  const isCollection = collection === null || collection === options.collection;
  return database === options.database && isCollection;
}

function isWrite(operation: string): boolean {
  return operation === 'update' || operation === 'insert' || operation === 'replace';
}

/** As the change stream shows a write. */
function toWrite(event: MessageEvent, message: TopicMessage, options: Decoding): MessageContent {
  const { uuidRepresentation: uuids, positionOf, keys } = options;
  const { operation } = event;
  const bytes = event.written();
  if (bytes === undefined) return unreadable('nothing_written');
  const written = bytes === null ? {} : decodeDocument(bytes);
  const hasStatus = (written['deliveryStatus'] ?? null) !== null;
  if (!hasStatus && !isSave(operation, written)) return ignored;

  if (message.key === null) return unreadable('no_key');
  const keyBytes = event.documentKey();
  const opaque = keyBytes === null ? {} : decodeKey(keyBytes);
  if (!Object.hasOwn(opaque, '_id')) {
    return unreadable(event.isNamedBy === 'event' ? 'no_document_key' : 'foreign_key');
  }
  if (!keys.names(message.key, opaque)) return unreadable('foreign_key');

  const setFields = hasStatus ? fieldsOf(operation, written, uuids) : {};
  const values = { deliveryStatus: setFields['deliveryStatus'], document: null, setFields };
  const position = positionOf(message, timeAt(event, message));
  const documentKey = { opaque, keyHash: keyHashOf(message.key) };
  return toChange({ operationType: operation, documentKey, position }, values, uuids);
}

/**
 * Whether a write without a status may have removed records: one of a whole document. Not an insert that shows a
 * document which has no status, not even null: those of a connector without a `pipeline`, one for each SMS.
 */
function isSave(operation: string, written: Document): boolean {
  const isWithoutStatus =
    Object.hasOwn(written, '_id') && !Object.hasOwn(written, 'deliveryStatus');
  return operation === 'replace' || (operation === 'insert' && !isWithoutStatus);
}

function fieldsOf(
  operation: string,
  written: Document,
  uuids: UuidRepresentation | undefined,
): Readonly<Record<string, PlainValue>> {
  if (operation === 'update') return toPlainDocument(written, uuids);
  const fields: Record<string, PlainValue> = {};
  for (const name of carriedFields) {
    if (Object.hasOwn(written, name)) fields[name] = toPlainField(written[name], name, uuids);
  }
  return fields;
}

/** When it was written, else when the connector has seen it. */
function timeAt({ times }: MessageEvent, { timestampMs }: TopicMessage): Date {
  const known = [...times, new Date(timestampMs)].find((time) => time.getTime() >= 0);
  return known ?? new Date(0);
}
