import { DBRef, type Document, type Timestamp } from 'mongodb';
import type { Change, StreamPosition } from '../domain/change.ts';
import type { StreamRead } from '../pipeline/ports.ts';
import { decodeDocument } from './decodeDocument.ts';
import type { UuidRepresentation } from './legacyUuid.ts';
import { toPlainDocument, toPlainField } from './plainDocument.ts';
import { clusterTimeOfToken, fromPosition, timeOf, toPosition } from './position.ts';
import { ENDING_OPERATIONS } from './streamPipeline.ts';

/** One event as `streamPipeline` projects it. */
export interface RawEvent {
  readonly _id: unknown;
  readonly operationType: string;
  readonly clusterTime: Timestamp;
  readonly wallTime?: Date;
  /** Its document key, the whole document, and what an update has set; null for what does not apply. */
  readonly parts?: readonly (Uint8Array | null)[];
  /** In place of all these. */
  readonly brief?: Document;
  /** In brief, when it is short. */
  readonly documentKey?: Document;
}

/** Turns the events of one stream into reads, in their order. */
export type ToRead = (event: RawEvent) => StreamRead;

export function createToRead(uuids?: UuidRepresentation): ToRead {
  let endingOperation = 'invalidate';
  return (event) => {
    const position = positionOf(event);
    if (event.operationType === 'invalidate') {
      return { kind: 'collectionGone', position, operation: endingOperation };
    }
    if (ENDING_OPERATIONS.includes(event.operationType)) {
      endingOperation = event.operationType;
      return { kind: 'ignored', position };
    }
    return event.brief === undefined
      ? toWholeRead(event, position, uuids)
      : toBriefRead(event, position, uuids);
  };
}

export function positionOf(event: RawEvent): StreamPosition {
  const opaque = { token: event._id, clusterTime: event.clusterTime };
  return toPosition(opaque, event.wallTime ?? timeOf(event.clusterTime));
}

/** The post-batch token of an empty batch: fresh, though nothing of ours happened. */
export function idlePosition(token: unknown, last: StreamPosition): StreamPosition {
  if (token === null || token === undefined) return last;
  const clusterTime = clusterTimeOfToken(token) ?? fromPosition(last).clusterTime;
  return toPosition({ token, clusterTime });
}

/** Of an SMS whose id can't be read, so that it can't be told: to be counted, and passed. */
export function unnamedChange(position: StreamPosition): StreamRead {
  const change: Change = {
    operation: 'update',
    documentKey: { opaque: {} },
    id: null,
    deliveryStatus: 'of an SMS that can not be named',
    document: null,
    setFields: {},
    statusAt: position.wallTime,
    position,
  };
  return { kind: 'change', change };
}

function decodePart(bytes: Uint8Array | null): Document | undefined {
  if (bytes === null) return undefined;
  const document = decodeDocument(bytes);
  // One with the fields `$ref` and `$id` arrives as a DBRef.
  return document instanceof DBRef ? document.toJSON() : document;
}

function toWholeRead(
  event: RawEvent,
  position: StreamPosition,
  uuids: UuidRepresentation | undefined,
): StreamRead {
  const isUpdate = event.operationType === 'update';
  const [documentKey, fullDocument, updatedFields] = event.parts?.map(decodePart) ?? [];
  const written = isUpdate ? updatedFields : fullDocument;
  const hasStatus = (written?.['deliveryStatus'] ?? null) !== null;
  if (isUpdate && !hasStatus) return { kind: 'ignored', position };
  const plain = written === undefined || !hasStatus ? null : toPlainDocument(written, uuids);
  const change: Change = {
    ...named({ ...event, documentKey }, uuids),
    deliveryStatus: plain?.['deliveryStatus'],
    document: isUpdate ? null : plain,
    setFields: isUpdate && plain !== null ? plain : {},
    statusAt: position.wallTime,
    position,
  };
  return { kind: 'change', change };
}

/** What else was written is read from the document, as after an update. */
function toBriefRead(
  event: RawEvent,
  position: StreamPosition,
  uuids: UuidRepresentation | undefined,
): StreamRead {
  if (event.documentKey === undefined) return unnamedChange(position);
  const setFields = toPlainDocument(event.brief ?? {}, uuids);
  const { deliveryStatus } = setFields;
  if (event.operationType === 'update' && deliveryStatus === undefined) {
    return { kind: 'ignored', position };
  }
  const change: Change = {
    ...named(event, uuids),
    deliveryStatus,
    document: null,
    setFields,
    statusAt: position.wallTime,
    position,
  };
  return { kind: 'change', change };
}

function named(
  event: Readonly<{ operationType: string; documentKey?: Document | undefined }>,
  uuids: UuidRepresentation | undefined,
): Pick<Change, 'operation' | 'documentKey' | 'id'> {
  return {
    operation: event.operationType as Change['operation'],
    documentKey: { opaque: event.documentKey },
    id: toPlainField(event.documentKey?.['_id'], '_id', uuids),
  };
}
