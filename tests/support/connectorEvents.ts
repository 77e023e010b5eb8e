import { Buffer } from 'node:buffer';
import { BSON, ObjectId, Timestamp, type Document } from 'mongodb';
import type { DecodeMessage, TopicMessage } from '../../src/ports/topic.ts';
import { toConnectorJson, type JsonFormatter } from '../../src/mongo/connectorJson.ts';
import { connectorKey, defaultKeyFormat, type KeyFormat } from '../../src/mongo/connectorKey.ts';
import { createDecodeMessage, type DecodeMessageOptions } from '../../src/mongo/decodeMessage.ts';

export const wallTime = new Date('2023-10-19T06:25:20.408Z');
/** Of the same write: in whole seconds. */
const clusterTime = new Timestamp({ t: Math.floor(wallTime.getTime() / 1_000), i: 3 });

export function decodeMessages(options: Partial<DecodeMessageOptions> = {}): DecodeMessage {
  return createDecodeMessage({
    database: 'sms',
    collection: 'details',
    positionOf: ({ offset }, time) => ({ wallTime: time, opaque: { offset } }),
    ...options,
  });
}

export function aMessage(fields: Partial<TopicMessage> = {}): TopicMessage {
  return {
    partition: 2,
    offset: 17,
    key: null,
    value: null,
    timestampMs: 1_700_000_000_000,
    ...fields,
  };
}

const common = {
  _id: { _data: `8265A1B2C3000000012B${'022C0100296E5A1004D1C7E1B2F3A94C'.repeat(3)}` },
  clusterTime,
  wallTime,
  ns: { db: 'sms', coll: 'details' },
};

/** A change event as the server sends it. */
export function anUpdate(
  updatedFields: Document,
  documentKey: Document = { _id: 'sms-1' },
): Document {
  const updateDescription = { updatedFields, removedFields: [], truncatedArrays: [] };
  return { ...common, operationType: 'update', documentKey, updateDescription };
}

export function aSaved(
  operationType: 'insert' | 'replace',
  fullDocument: Document,
  documentKey: Document = { _id: 'sms-1' },
): Document {
  return { ...common, operationType, documentKey, fullDocument };
}

export function anEvent(operationType: string, fields: Document = {}): Document {
  return { ...common, operationType, ...fields };
}

const text = (value: string): Buffer => Buffer.from(value);
const canonical = (event: Document): string => BSON.EJSON.stringify(event, { relaxed: false });
const printed = (event: Document, formatter: JsonFormatter): string =>
  toConnectorJson(event, { formatter, numbers: 'int' });

/** The values that a MongoDB connector may send for an event, by how it and its converter are configured. */
export const values: Readonly<Record<string, (event: Document) => Uint8Array>> = {
  BSON: (event) => BSON.serialize(event),
  'canonical JSON': (event) => text(canonical(event)),
  'relaxed JSON': (event) => text(printed(event, 'relaxed')),
  'JSON of version 1': (event) => text(printed(event, 'default')),
  'JSON in JSON': (event) => text(JSON.stringify(canonical(event))),
  'JSON in a payload': (event) => {
    const schema = { type: 'string', optional: false };
    return text(JSON.stringify({ schema, payload: printed(event, 'relaxed') }));
  },
};

export function messageOf(
  event: Document,
  value = values['BSON'],
  format?: KeyFormat,
): TopicMessage {
  const key = connectorKey((event['documentKey'] ?? event['_id']) as Document, format);
  return aMessage({ key, value: value?.(event) ?? null });
}

/** Debezium's key: relaxed Extended JSON of the `_id` in a structure. */
const debeziumKeyFormat: KeyFormat = {
  ...defaultKeyFormat,
  ...{ formatter: 'relaxed', of: 'id', within: { before: '{"id":', after: '}' } },
};

/** Debezium makes documents of paths. */
function nested(updatedFields: Document): Document {
  const fields: Document = {};
  for (const [path, value] of Object.entries(updatedFields)) {
    const names = path.split('.');
    const last = names.pop() ?? path;
    let target = fields;
    for (const name of names) target = (target[name] ??= {}) as Document;
    target[last] = value as unknown;
  }
  return fields;
}

const debeziumOperations: ReadonlyMap<string, string> = new Map([
  ['insert', 'c'],
  ['update', 'u'],
  ['replace', 'u'],
  ['delete', 'd'],
]);

export function debeziumMessage(
  event: Document,
  wrap: (json: object) => object = (json) => json,
): TopicMessage {
  const { operationType, fullDocument, updateDescription, documentKey, ...written } = event as {
    readonly operationType: string;
    readonly ns: Readonly<{ db: string; coll: string }>;
    readonly wallTime: Date;
    readonly fullDocument?: Document;
    readonly updateDescription?: { readonly updatedFields: Document };
    readonly documentKey: Document;
  };
  const envelope = {
    before: null,
    after: fullDocument === undefined ? null : printed(fullDocument, 'default'),
    updateDescription:
      updateDescription === undefined
        ? null
        : {
            removedFields: null,
            updatedFields: printed(nested(updateDescription.updatedFields), 'relaxed'),
            truncatedArrays: null,
          },
    source: {
      ...{ version: '3.0.0.Final', connector: 'mongodb', name: 'p', snapshot: 'false' },
      ...{ db: written.ns.db, collection: written.ns.coll, ord: 3, ts_ms: 1_697_696_720_000 },
      wallTime: written.wallTime.getTime(),
    },
    op: debeziumOperations.get(operationType) ?? operationType,
    ts_ms: 1_697_696_721_000,
    transaction: null,
  };
  const key = connectorKey(documentKey, debeziumKeyFormat);
  const wrappedKey = wrap(JSON.parse(Buffer.from(key).toString()) as object);
  return aMessage({
    key: text(JSON.stringify(wrappedKey)),
    value: text(JSON.stringify(wrap(envelope))),
  });
}

export const inPayload = (payload: object): object => ({
  schema: { type: 'struct', fields: [], optional: false, name: 'p.sms.details.Envelope' },
  payload,
});

export const objectId = new ObjectId('507f1f77bcf86cd799439011');
