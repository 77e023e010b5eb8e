import { Long, type Collection, type Document } from 'mongodb';
import { StreamFailure } from '../ports/source.ts';
import { limits, withDeadline, type Limit, type Patience } from './calls.ts';
import { lenientDecoding } from './connect.ts';
import { codes, serverCode } from './errors.ts';
import type { startOf } from './position.ts';
import {
  asStored,
  streamPipeline,
  type RawEvent,
  type StreamPipelineOptions,
} from './streamEvent.ts';

export type CursorRead =
  | Readonly<{ kind: 'event'; event: RawEvent }>
  /** There is nothing more for now. */
  | Readonly<{ kind: 'idle'; token: unknown }>
  /** Nothing more of ours before the time given as `failFrom`. */
  | Readonly<{ kind: 'spanEnd' }>;

export type EventCursor = Awaited<ReturnType<typeof openEventCursor>>;

/**
 * A change stream whose answers hold one event at most. By plain commands, since the driver's stream asks for no first
 * batch that is empty. While a first batch is made the server reads 4 MB of matches ahead of what it returns, and an
 * error at the end of a span would lose these; for a `getMore` that may wait it does not (measured on 6.0.5, with spans
 * and events in between).
 */
export async function openEventCursor(
  collection: Collection,
  start: ReturnType<typeof startOf>,
  options: StreamPipelineOptions & {
    readonly maxAwaitTimeMs: number;
    /** For one answer, which may take a long scan. */
    readonly patience: Patience;
  },
) {
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
    /** Rejects with the driver's errors. Not for concurrent use. */
    async pull(): Promise<CursorRead> {
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
    /** Does not wait for the server. */
    leave(): void {
      const killing = isOver
        ? Promise.resolve()
        : run(limits.ending, { killCursors: collectionName, cursors: [id] });
      isOver = true;
      killing.then(endSession, endSession);
    },
  };
}
