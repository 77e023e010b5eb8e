import { Buffer } from 'node:buffer';
import { Binary, type Document } from 'mongodb';
import type { DocumentKey } from '../domain/change.ts';
import { keyHashOf } from '../domain/partitionKey.ts';
import type { PlainValue } from '../domain/plainValue.ts';
import type { KeyExample } from '../ports/topicMemory.ts';
import { connectorKey, defaultKeyFormat, findKeyFormat } from './connectorKey.ts';
import { debeziumKey } from './debeziumEvent.ts';
import { decodeKey } from './decodeDocument.ts';
import { jsonField, toBson, type JsonObject } from './extendedJson.ts';
import { readJson } from './messageJson.ts';
import { toPlainField, type UuidRepresentation } from './plainDocument.ts';
import { documentOf } from './storedRow.ts';

/** The keys of one topic's messages. */
export interface MessageKeys {
  /**
   * Whether a message's key names this document, so that all messages about it have the same key. Of an `_id` that is
   * binary, or a document, only whether the key has an `_id` at all: a connector prints it in many ways. Learns how keys
   * are written in this topic.
   */
  names(bytes: Uint8Array, documentKey: Document): boolean;
  /**
   * The hash of the key of the messages about a document: of the message that has named it, if any, else of the key as
   * it would be written by all that is known. Null where the key has more fields than are known of the document: those
   * of a sharded collection have the shard key.
   */
  keyHashOf(documentKey: DocumentKey): number | null;
  /** What `keyHashIn` needs of a document, by paths. */
  readonly fields: readonly string[];
  /** The same of a document that has been read. One without some of the fields has a key without them. */
  keyHashIn(document: Document): number;
  /** Learns from a message that somebody else has read, if its key has fields that are not known yet. */
  learnFrom(example: KeyExample): void;
  /** What was learnt, for others who read no messages. Null before the first message. */
  readonly example: KeyExample | null;
}

/** Formats that are tried for keys which are not as expected: they may be written in no way that is known. */
const LESSONS = 100;
/** Of a message's key: a larger one is no example to keep. */
const EXAMPLE_BYTES = 4_096;

export function createMessageKeys(uuids?: UuidRepresentation): MessageKeys {
  let format = defaultKeyFormat;
  let fields: readonly string[] = ['_id'];
  let lessons = 0;
  let example: KeyExample | null = null;

  const hashOf = (key: Document): number => keyHashOf(connectorKey(key, format));
  const keep = (messageKey: Uint8Array, documentKey: Document): void => {
    // Not the message itself, which it may be a part of.
    if (messageKey.length <= EXAMPLE_BYTES) {
      example = { messageKey: Uint8Array.from(messageKey), documentKey };
    }
  };
  const hasKnownFields = (documentKey: Document): boolean =>
    Object.keys(documentKey).every((name) => fields.includes(name));
  /** A document that lacks some of the fields has a key without them, which says nothing about the others. */
  const learnFields = (documentKey: Document): boolean => {
    if (hasKnownFields(documentKey)) return false;
    fields = Object.keys(documentKey);
    return true;
  };
  const names: MessageKeys['names'] = (bytes, documentKey) => {
    let hasLearnt = false;
    if (Buffer.compare(bytes, connectorKey(documentKey, format)) !== 0) {
      if (!hasIdOf(documentKey, bytes, uuids)) return false;
      if (lessons < LESSONS) {
        lessons += 1;
        const found = findKeyFormat(bytes, documentKey);
        hasLearnt = found !== null;
        format = found ?? format;
      }
    }
    if (learnFields(documentKey) || hasLearnt || example === null) keep(bytes, documentKey);
    return true;
  };
  return {
    names,
    learnFrom({ messageKey, documentKey }) {
      const key = documentKey as Document;
      if (example === null || !hasKnownFields(key)) names(messageKey, key);
    },
    keyHashOf({ opaque, keyHash }) {
      if (keyHash !== undefined) return keyHash;
      const lacks = (name: string): boolean => !Object.hasOwn(documentOf(opaque), name);
      return fields.length > 1 && fields.some(lacks) ? null : hashOf(opaque as Document);
    },
    get fields() {
      return fields;
    },
    keyHashIn(document) {
      const found = fields.map((path) => [path, valueAt(document, path)] as const);
      return hashOf(Object.fromEntries(found.filter(([, value]) => value !== undefined)));
    },
    get example() {
      return example;
    },
  };
}

/** Undefined where there is none. */
function valueAt(document: Document, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => documentOf(value)[name], document);
}

function hasIdOf(
  documentKey: Document,
  bytes: Uint8Array,
  uuids: UuidRepresentation | undefined,
): boolean {
  const id = idIn(bytes, uuids);
  if (id === undefined) return false;
  const expected = toPlainField(documentKey['_id'], '_id', uuids);
  const isComparable = typeof expected !== 'object' && !(documentKey['_id'] instanceof Binary);
  return !isComparable || id === expected;
}

/** The `_id` in the key of a message; undefined if it has none. */
function idIn(bytes: Uint8Array, uuids: UuidRepresentation | undefined): PlainValue | undefined {
  const json = readKey(bytes);
  if (json === null) return undefined;
  const id = jsonField(json, 'id');
  const isDebezium = typeof id === 'string' && !Object.hasOwn(json, '_id');
  const key = isDebezium ? debeziumKey(id) : toBson(json);
  const decoded = key === null ? {} : decodeKey(key);
  return Object.hasOwn(decoded, '_id') ? toPlainField(decoded['_id'], '_id', uuids) : undefined;
}

/** A message's key that is JSON, or in JSON; else null. */
export function readKey(bytes: Uint8Array): JsonObject | null {
  const json = readJson(bytes);
  return typeof json === 'string' ? null : json;
}
