import type { Document, Timestamp } from 'mongodb';

/** Events that end the stream. Filtered out, it would die without a word: `tryNext` gives null for ever. */
export const ENDING_OPERATIONS = ['drop', 'rename', 'dropDatabase', 'invalidate'];

/**
 * How much of an event leaves the server:
 * - whole: what is written into a change, in one list, see `asStored`
 * - brief: in place of what was written, its status and delivery time; a key only if it is short
 * - bare: neither; enough to step over the event
 */
type Extent = 'whole' | 'brief' | 'bare';

/** An id no SMS is told by: the notification's would be longer than the contract's 1,024 bytes many times over. */
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
  /** Leaves out what has an id too long to be told by. Decided in the scan, before an event is made of it. */
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

const written = (field: string): Document => ({
  $ifNull: [`$updateDescription.updatedFields.${field}`, `$fullDocument.${field}`],
});

/** A status of another type can't be told; which it is does not matter, but it may be what can't be read. */
const briefStatus: Document = {
  $let: {
    vars: { status: written('deliveryStatus') },
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
    vars: { time: written('deliveryTime') },
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
    documentKey: {
      $cond: [{ $lt: [{ $bsonSize: '$documentKey' }, LONG_ID_BYTES] }, '$documentKey', '$$REMOVE'],
    },
    brief: { deliveryStatus: briefStatus, deliveryTime: briefTime },
  },
  bare: { brief: { $literal: {} } },
};
