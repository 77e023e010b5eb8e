import {
  DBRef,
  Timestamp,
  type ChangeStream,
  type ChangeStreamOptions,
  type Collection,
  type Document,
} from 'mongodb';
import type { Change, StreamPosition } from '../domain/change.ts';
import { StreamFailure } from '../domain/streamFailure.ts';
import type { ChangeSource, ChangeStreamHandle, StreamRead } from '../pipeline/ports.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import { createCutWatch, type CutWatch } from './cutWatch.ts';
import type { UuidRepresentation } from './legacyUuid.ts';
import { toPlainDocument, toPlainField } from './plainDocument.ts';
import { clusterTimeOfToken, fromPosition, timeOf, toPosition } from './position.ts';
import { toStreamFailure } from './streamErrors.ts';

/** Events that end the stream. Filtered out, it would die without a word: `tryNext` gives null for ever. */
const ENDING_OPERATIONS = ['drop', 'rename', 'dropDatabase', 'invalidate'];

/**
 * Only writes that set a status leave the server, and whole-document saves of an SMS that was there before:
 * those may have removed records. A save without a status comes without its document, since nothing but
 * the records is looked at then. `$exists` is pushed down to the oplog scan, `$ne: null` is not, so an
 * update's null is sorted out here. Our own record never matches: it sets `notify_on_delivery` alone.
 */
const pipeline: Document[] = [
  {
    $match: {
      $or: [
        {
          operationType: 'update',
          'updateDescription.updatedFields.deliveryStatus': { $exists: true },
        },
        { operationType: 'insert', 'fullDocument.deliveryStatus': { $exists: true } },
        { operationType: 'replace' },
        { operationType: { $in: ENDING_OPERATIONS } },
      ],
    },
  },
  {
    $project: {
      operationType: 1,
      clusterTime: 1,
      wallTime: 1,
      documentKey: 1,
      fullDocument: {
        $cond: [
          { $in: [{ $type: '$fullDocument.deliveryStatus' }, ['missing', 'null', 'undefined']] },
          '$$REMOVE',
          '$fullDocument',
        ],
      },
      'updateDescription.updatedFields': 1,
    },
  },
];

/** One event as the pipeline above projects it. */
interface RawEvent {
  readonly _id: unknown;
  readonly operationType: string;
  readonly clusterTime: Timestamp;
  readonly wallTime?: Date;
  readonly documentKey?: Document;
  readonly fullDocument?: Document;
  readonly updateDescription?: { readonly updatedFields?: Document };
}

export interface ChangeSourceOptions {
  /** The longest one read waits on the server when nothing happens. */
  readonly maxAwaitTimeMs?: number;
  readonly uuidRepresentation?: UuidRepresentation | undefined;
}

export function createChangeSource(
  collection: Collection,
  { maxAwaitTimeMs = 1_000, uuidRepresentation }: ChangeSourceOptions = {},
): ChangeSource {
  const patience = createPatience(limits.lookUp);
  const operationTime = async (): Promise<Timestamp> => {
    const answer = await withDeadline(patience, () => collection.db.command({ ping: 1 }));
    return answer['operationTime'] as Timestamp;
  };
  const cuts = createCutWatch(
    async () => await withDeadline(limits.ping, () => collection.db.command({ ping: 1 })),
  );
  return {
    async currentPosition() {
      return toPosition({ token: null, clusterTime: await operationTime() });
    },
    async positionAt(time) {
      const newest = await operationTime();
      const asked = new Timestamp({ t: Math.floor(time.getTime() / 1000), i: 1 });
      const clusterTime = asked.greaterThan(newest) ? newest : asked;
      return toPosition({ token: null, clusterTime });
    },
    // oxlint-disable-next-line typescript/require-await -- the driver opens on the first read
    async open(position, { replay }) {
      const { token, clusterTime } = fromPosition(position);
      const start: ChangeStreamOptions =
        token === null || replay ? { startAtOperationTime: clusterTime } : { startAfter: token };
      const stream = collection.watch<Document, never>(pipeline, {
        ...start,
        maxAwaitTimeMS: maxAwaitTimeMs,
        batchSize: 1_000,
        comment: 'notify-on-delivery',
      });
      return createHandle(stream, position, { cuts, uuidRepresentation });
    },
  };
}

function createHandle(
  stream: ChangeStream<Document, never>,
  start: StreamPosition,
  {
    cuts,
    uuidRepresentation,
  }: Pick<ChangeSourceOptions, 'uuidRepresentation'> & { readonly cuts: CutWatch },
): ChangeStreamHandle {
  let last = start;
  let endingOperation = 'invalidate';
  return {
    async read() {
      const event = await tryNext(stream, cuts);
      if (event === null) {
        last = idlePosition(stream.resumeToken, last);
        return { kind: 'idle', position: last };
      }
      last = positionOf(event);
      if (event.operationType === 'invalidate') {
        return { kind: 'collectionGone', position: last, operation: endingOperation };
      }
      if (ENDING_OPERATIONS.includes(event.operationType)) {
        endingOperation = event.operationType;
        return { kind: 'ignored', position: last };
      }
      return toRead(event, last, uuidRepresentation);
    },
    async close() {
      await withDeadline(limits.ending, () => stream.close());
    },
  };
}

async function tryNext(
  stream: ChangeStream<Document, never>,
  cuts: CutWatch,
): Promise<RawEvent | null> {
  let event: RawEvent | null;
  try {
    event = await stream.tryNext();
  } catch (error) {
    throw await cuts.judge(toStreamFailure(error));
  }
  cuts.read();
  if (event === null && stream.closed) {
    throw new StreamFailure('transient', 'closed', 'the stream was closed by the server');
  }
  return event;
}

function positionOf(event: RawEvent): StreamPosition {
  const opaque = { token: event._id, clusterTime: event.clusterTime };
  return toPosition(opaque, event.wallTime ?? timeOf(event.clusterTime));
}

/** The post-batch token of an empty batch: fresh, though nothing of ours happened. */
function idlePosition(token: unknown, last: StreamPosition): StreamPosition {
  if (token === null || token === undefined) return last;
  const clusterTime = clusterTimeOfToken(token) ?? fromPosition(last).clusterTime;
  return toPosition({ token, clusterTime });
}

function toRead(
  event: RawEvent,
  position: StreamPosition,
  uuids: UuidRepresentation | undefined,
): StreamRead {
  const isUpdate = event.operationType === 'update';
  const raw = isUpdate ? event.updateDescription?.updatedFields : event.fullDocument;
  // A document with the fields `$ref` and `$id` arrives as a DBRef.
  const written: Document | undefined = raw instanceof DBRef ? raw.toJSON() : raw;
  const hasStatus = (written?.['deliveryStatus'] ?? null) !== null;
  if (isUpdate && !hasStatus) return { kind: 'ignored', position };
  const plain = written === undefined || !hasStatus ? null : toPlainDocument(written, uuids);
  const change: Change = {
    operation: event.operationType as Change['operation'],
    documentKey: { opaque: event.documentKey },
    id: toPlainField(event.documentKey?.['_id'], '_id', uuids),
    deliveryStatus: plain?.['deliveryStatus'],
    document: isUpdate ? null : plain,
    setFields: isUpdate && plain !== null ? plain : {},
    statusAt: position.wallTime,
    position,
  };
  return { kind: 'change', change };
}
