import type { Document, Timestamp } from 'mongodb';
import type { Change, DocumentKey, StreamPosition } from '../domain/change.ts';
import type { StreamEvent } from '../ports/source.ts';
import { decodeDocument, decodeKey } from './decodeDocument.ts';
import { toPlainDocument, toPlainField, type UuidRepresentation } from './plainDocument.ts';
import { clusterTimeOfToken, fromPosition, timeOf, toPosition } from './position.ts';

/** Events that end the stream. If they were filtered out, it would end unnoticed: `tryNext` gives null for ever. */
export const ENDING_OPERATIONS: readonly string[] = [
  'drop',
  'rename',
  'dropDatabase',
  'invalidate',
];

/**
 * How much of an event leaves the server:
 * - whole: what is written into a change, in one list, see `asStored`
 * - brief: in place of what was written, its status and delivery time; a key only if it is short
 * - bare: neither; enough to step over the event
 */
type Extent = 'whole' | 'brief' | 'bare';

/** No SMS is notified with an id so long: the notification's would be longer than the contract's 1,024 bytes many times over. */
const LONG_ID_BYTES = 65_536;

/**
 * Only writes that set a status leave the server, and whole-document saves of an SMS that was there before:
 * those may have removed records. A save without a status comes without its document, since nothing but
 * the records is looked at then. `$exists` is pushed down to the oplog scan, `$ne: null` is not, so an
 * update's null is sorted out here. Our own record never matches: it sets `notify_on_delivery` alone.
 */
const ours: readonly Document[] = [
  {
    operationType: 'update',
    'updateDescription.updatedFields.deliveryStatus': { $exists: true },
  },
  { operationType: 'insert', 'fullDocument.deliveryStatus': { $exists: true } },
  { operationType: 'replace' },
  { operationType: { $in: ENDING_OPERATIONS } },
];

export interface StreamPipelineOptions {
  readonly extent?: Extent;
  /** Leaves out what has too long an id to be notified. Decided in the scan, before an event is made of it. */
  readonly skipLongIds?: boolean;
  /** Fails with 241 at the first entry of the oplog, of whatever collection, from this time on. */
  readonly failFrom?: Timestamp | null;
}

export function streamPipeline({
  extent = 'whole',
  skipLongIds = false,
  failFrom = null,
}: StreamPipelineOptions = {}): Document[] {
  const $or = failFrom === null ? ours : [...ours, failingFrom(failFrom)];
  return [
    { $match: skipLongIds ? { $and: [hasShortId, { $or }] } : { $or } },
    { $project: { operationType: 1, clusterTime: 1, wallTime: 1, ...projections[extent] } },
  ];
}

/** By the path `documentKey._id`: an expression on all of `documentKey` is not pushed down to the scan. */
const hasShortId = { $expr: { $lt: [{ $bsonSize: { id: '$documentKey._id' } }, LONG_ID_BYTES] } };

/** No server can turn a timestamp into an int. Not a constant, or it would fail when the pipeline is parsed. */
function failingFrom(time: Timestamp): Document {
  const isReached = { $gte: ['$clusterTime', time] };
  return { $expr: { $cond: [isReached, { $toInt: '$clusterTime' }, false] } };
}

const writtenField = (field: string): Document => ({
  $ifNull: [`$updateDescription.updatedFields.${field}`, `$fullDocument.${field}`],
});

/** Nobody can be notified of a status of another type; which it is does not matter, but it may be what can't be read. */
const briefStatus: Document = {
  $let: {
    vars: { status: writtenField('deliveryStatus') },
    in: {
      $switch: {
        branches: [
          { case: { $lte: ['$$status', null] }, then: '$$REMOVE' },
          { case: { $ne: [{ $type: '$$status' }, 'string'] }, then: {} },
          { case: { $gte: [{ $strLenBytes: '$$status' }, LONG_ID_BYTES] }, then: {} },
        ],
        default: '$$status',
      },
    },
  },
};

const briefTime: Document = {
  $let: {
    vars: { time: writtenField('deliveryTime') },
    in: { $cond: [{ $eq: [{ $type: '$$time' }, 'date'] }, '$$time', '$$REMOVE'] },
  },
};

/**
 * Leaves the documents of that list bytes, for `decodeDocument`: one that the driver refuses would otherwise end the
 * stream, and again each time it is opened there. It does so with lists only.
 */
export const asStored = { fieldsAsRaw: { parts: true } } as const;

const projections: Readonly<Record<Extent, Document>> = {
  whole: {
    parts: [
      '$documentKey',
      {
        $cond: [
          { $in: [{ $type: '$fullDocument.deliveryStatus' }, ['missing', 'null', 'undefined']] },
          null,
          '$fullDocument',
        ],
      },
      '$updateDescription.updatedFields',
    ],
  },
  brief: {
    parts: [
      { $cond: [{ $lt: [{ $bsonSize: '$documentKey' }, LONG_ID_BYTES] }, '$documentKey', null] },
    ],
    brief: { deliveryStatus: briefStatus, deliveryTime: briefTime },
  },
  bare: { brief: { $literal: {} } },
};

/** One event as `streamPipeline` projects it. */
export interface RawEvent {
  readonly _id: unknown;
  readonly operationType: string;
  readonly clusterTime: Timestamp;
  readonly wallTime?: Date;
  /**
   * Its document key, the whole document, and what an update has set; null for what does not apply. In brief its
   * document key, when it is short.
   */
  readonly parts?: readonly (Uint8Array | null)[];
  /** In place of what was written. */
  readonly brief?: Document;
}

/** Turns the events of one stream into reads, in their order. */
export type ToRead = (event: RawEvent) => StreamEvent;

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

/** Of an SMS whose id can't be read, so that nobody can be notified of it: to be counted, and passed. */
export function unnamedChange(position: StreamPosition): StreamEvent {
  const deliveryStatus = 'of an SMS that can not be named';
  const values = { deliveryStatus, document: null, setFields: {} };
  return toChange({ operationType: 'update', documentKey: { opaque: {} }, position }, values);
}

function toWholeRead(
  { operationType, parts = [] }: RawEvent,
  position: StreamPosition,
  uuids: UuidRepresentation | undefined,
): StreamEvent {
  const isUpdate = operationType === 'update';
  const [documentKey = null, fullDocument = null, updatedFields = null] = parts;
  const part = isUpdate ? updatedFields : fullDocument;
  const written = part === null ? null : decodeDocument(part);
  const hasStatus = (written?.['deliveryStatus'] ?? null) !== null;
  if (isUpdate && !hasStatus) return { kind: 'ignored', position };
  const plain = written !== null && hasStatus ? toPlainDocument(written, uuids) : null;
  const opaque = documentKey === null ? undefined : decodeKey(documentKey);
  const values = {
    deliveryStatus: plain?.['deliveryStatus'],
    document: isUpdate ? null : plain,
    setFields: isUpdate && plain !== null ? plain : {},
  };
  return toChange({ operationType, documentKey: { opaque }, position }, values, uuids);
}

/** What else was written is read from the document, as after an update. */
function toBriefRead(
  { operationType, parts = [], brief = {} }: RawEvent,
  position: StreamPosition,
  uuids: UuidRepresentation | undefined,
): StreamEvent {
  const [documentKey = null] = parts;
  if (documentKey === null) return unnamedChange(position);
  const setFields = toPlainDocument(brief, uuids);
  const { deliveryStatus } = setFields;
  if (operationType === 'update' && deliveryStatus === undefined) {
    return { kind: 'ignored', position };
  }
  const values = { deliveryStatus, document: null, setFields };
  const opaque = decodeKey(documentKey);
  return toChange({ operationType, documentKey: { opaque }, position }, values, uuids);
}

/** @param event its document key as `decodeKey` reads it */
export function toChange(
  event: Readonly<{ operationType: string; documentKey: DocumentKey; position: StreamPosition }>,
  values: Pick<Change, 'deliveryStatus' | 'document' | 'setFields'>,
  uuids?: UuidRepresentation,
): Extract<StreamEvent, { kind: 'change' }> {
  const { documentKey, position } = event;
  const key = documentKey.opaque as Document | undefined;
  // Written out: what is spread first makes all that comes after it slow, 12 µs an event.
  const change: Change = {
    operation: event.operationType as Change['operation'],
    documentKey,
    id: toPlainField(key?.['_id'], '_id', uuids),
    deliveryStatus: values.deliveryStatus,
    document: values.document,
    setFields: values.setFields,
    statusAt: position.wallTime,
    position,
  };
  return { kind: 'change', change };
}
