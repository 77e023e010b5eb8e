import { Buffer } from 'node:buffer';
import { Binary, type Document } from 'mongodb';
import type { DocumentKey } from '../domain/change.ts';
import { keyHashOf } from '../domain/partitionKey.ts';
import type { PlainValue } from '../domain/plainValue.ts';
import { connectorKey, defaultKeyFormat, findKeyFormat } from './connectorKey.ts';
import { debeziumKey } from './debeziumEvent.ts';
import { decodeKey } from './decodeDocument.ts';
import { jsonField, toBson, type JsonObject } from './extendedJson.ts';
import { readJson } from './messageJson.ts';
import { toPlainField, type UuidRepresentation } from './plainDocument.ts';

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
   * it would be written by all that is known.
   */
  keyHashOf(documentKey: DocumentKey): number;
}

/** Formats that are tried for keys which are not as expected: they may be written in no way that is known. */
const LESSONS = 100;

export function createMessageKeys(uuids?: UuidRepresentation): MessageKeys {
  let format = defaultKeyFormat;
  let lessons = 0;
  return {
    names(bytes, documentKey) {
      if (Buffer.compare(bytes, connectorKey(documentKey, format)) === 0) return true;
      if (!hasIdOf(documentKey, bytes, uuids)) return false;
      if (lessons < LESSONS) {
        lessons += 1;
        format = findKeyFormat(bytes, documentKey) ?? format;
      }
      return true;
    },
    keyHashOf: ({ opaque, keyHash }) =>
      keyHash ?? keyHashOf(connectorKey(opaque as Document, format)),
  };
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
