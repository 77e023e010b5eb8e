import { BSON, Timestamp, type Document } from 'mongodb';
import type { UnreadableReason } from '../ports/topic.ts';
import {
  isJsonObject,
  jsonClusterTime,
  jsonDate,
  jsonField,
  toBson,
  type JsonObject,
} from './extendedJson.ts';
import { namespaceOf, type MessageEvent, type Namespace } from './messageEvent.ts';
import { timeOf } from './position.ts';
import { writtenFields } from './writtenFields.ts';

/** Documents in it stay bytes: most are never looked into. */
const shallow = { raw: true } as const;

/** A change event as the server sends it to MongoDB's connector. Throws for what is no BSON. */
export function readBsonEvent(bytes: Uint8Array): MessageEvent | UnreadableReason {
  const event: Document = BSON.deserialize(bytes, shallow);
  const { operationType, ns, to, wallTime, clusterTime, documentKey } = event;
  if (typeof operationType !== 'string') {
    const id: unknown = event['_id'];
    const isToken = id instanceof Uint8Array && '_data' in BSON.deserialize(id, shallow);
    return id === undefined || isToken ? 'no_operation' : 'full_document_only';
  }
  return {
    operation: operationType,
    namespace: bsonNamespace(ns),
    renamedTo: bsonNamespace(to),
    times: [
      wallTime instanceof Date ? wallTime : noTime,
      clusterTime instanceof Timestamp ? timeOf(clusterTime) : noTime,
    ],
    isNamedBy: 'event',
    documentKey: () => bytesOf(documentKey) ?? null,
    written() {
      const { updateDescription, fullDocument } = event;
      if (operationType !== 'update') return bytesOf(fullDocument);
      const described = bytesOf(updateDescription) ?? null;
      if (described === null) return undefined;
      return bytesOf(BSON.deserialize(described, shallow)['updatedFields']);
    },
  };
}

const noTime = new Date(Number.NaN);

function bytesOf(value: unknown): Uint8Array | null | undefined {
  return value === null || value instanceof Uint8Array ? value : undefined;
}

function bsonNamespace(bytes: unknown): Namespace | null {
  if (!(bytes instanceof Uint8Array)) return null;
  const { db, coll } = BSON.deserialize(bytes, shallow);
  return namespaceOf(db, coll);
}

/** The same in Extended JSON. */
export function readJsonEvent(event: JsonObject): MessageEvent | UnreadableReason {
  const operation = jsonField(event, 'operationType');
  if (typeof operation !== 'string') {
    const id = jsonField(event, '_id');
    const isToken = isJsonObject(id) && Object.hasOwn(id, '_data');
    return id === undefined || isToken ? 'no_operation' : 'full_document_only';
  }
  const wallTime = jsonField(event, 'wallTime');
  // `SimplifiedJson` prints a date as a text, and with it an ObjectId.
  if (typeof wallTime === 'string') return 'simplified_json';
  return {
    operation,
    namespace: jsonNamespace(jsonField(event, 'ns')),
    renamedTo: jsonNamespace(jsonField(event, 'to')),
    times: [jsonDate(wallTime), jsonClusterTime(jsonField(event, 'clusterTime'))],
    isNamedBy: 'event',
    documentKey() {
      const key = jsonField(event, 'documentKey');
      return isJsonObject(key) ? toBson(key) : null;
    },
    written() {
      if (operation !== 'update') return writtenFields(jsonField(event, 'fullDocument'), 'carried');
      const described = jsonField(event, 'updateDescription');
      return isJsonObject(described)
        ? writtenFields(jsonField(described, 'updatedFields'), 'all')
        : undefined;
    },
  };
}

function jsonNamespace(value: unknown): Namespace | null {
  return isJsonObject(value) ? namespaceOf(jsonField(value, 'db'), jsonField(value, 'coll')) : null;
}
