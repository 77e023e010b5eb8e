import { Long, type Collection, type Document, type Timestamp } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';
import { StreamFailure } from '../domain/streamFailure.ts';
import { limits, withDeadline, type Limit, type Patience } from './calls.ts';
import { lenientDecoding } from './connect.ts';
import { codes, serverCode } from './errorCodes.ts';
import { fromPosition } from './position.ts';
import type { RawEvent } from './streamEvent.ts';
import { asStored, streamPipeline, type StreamPipelineOptions } from './streamPipeline.ts';

/** Where a stream is opened. */
type StreamStart =
  Readonly<{ startAfter: unknown }> | Readonly<{ startAtOperationTime: Timestamp }>;

export type CursorRead =
  | Readonly<{ kind: 'event'; event: RawEvent }>
  /** There is nothing more for now. */
  | Readonly<{ kind: 'idle'; token: unknown }>
  /** Nothing more of ours before the time given as `failFrom`. */
  | Readonly<{ kind: 'spanEnd' }>;

/** A change stream whose answers hold one event at most. */
export interface EventCursor {
  /** Rejects with the driver's errors. Not for concurrent use. */
  pull(): Promise<CursorRead>;
  /** Does not wait for the server. */
  leave(): void;
}

/**
 * By plain commands, since the driver's stream asks for no first batch that is empty. While a first batch is made
 * the server reads 4 MB of matches ahead of what it hands on, and an error at the end of a span would take these
 * with it; for a `getMore` that may wait it does not (measured on 6.0.5, with spans and events in between).
 */
export async function openEventCursor(
  collection: Collection,
  start: StreamStart,
  options: StreamPipelineOptions & {
    readonly maxAwaitTimeMs: number;
    /** For one answer, which may take a long scan. */
    readonly patience: Patience;
  },
): Promise<EventCursor> {
  const { db, collectionName } = collection;
  const session = db.client.startSession({ causalConsistency: false });
  const run = async (limit: Limit, command: Document): Promise<Document> => {
    const answer = await withDeadline(limit, () =>
      db.command(command, { session, ...lenientDecoding, ...asStored }),
    );
    return answer['cursor'] as Document;
  };
  const endSession = (): void => {
    withDeadline(limits.ending, () => session.endSession()).catch(() => undefined);
  };
  const comment = 'notify-on-delivery';
  let cursor: Document;
  try {
    cursor = await run(limits.question, {
      aggregate: collectionName,
      pipeline: [{ $changeStream: start }, ...streamPipeline(options)],
      cursor: { batchSize: 0 },
      comment,
    });
  } catch (error) {
    endSession();
    throw error;
  }
  // A number when it is small, which the server would not take for a cursor's.
  const id = Long.fromString(String(cursor['id']));
  const getMore = {
    getMore: id,
    collection: collectionName,
    batchSize: 1,
    maxTimeMS: options.maxAwaitTimeMs,
    comment,
  };
  let isOver = false;
  return {
    async pull() {
      if (isOver) throw new StreamFailure('transient', 'closed', 'the stream was closed');
      let answer: Document;
      try {
        answer = await run(options.patience, getMore);
      } catch (error) {
        isOver = true;
        if (serverCode(error) !== codes.conversionFailure) throw error;
        return { kind: 'spanEnd' };
      }
      isOver = String(answer['id']) === '0';
      const [event] = answer['nextBatch'] as RawEvent[];
      return event === undefined
        ? { kind: 'idle', token: answer['postBatchResumeToken'] as unknown }
        : { kind: 'event', event };
    },
    leave() {
      const killing = isOver
        ? Promise.resolve()
        : run(limits.ending, { killCursors: collectionName, cursors: [id] });
      isOver = true;
      killing.then(endSession, endSession);
    },
  };
}

/** @param replay at the time of the position, seeing it again */
export function startOf(position: StreamPosition, replay: boolean): StreamStart {
  const { token, clusterTime } = fromPosition(position);
  return token === null || replay ? { startAtOperationTime: clusterTime } : { startAfter: token };
}
