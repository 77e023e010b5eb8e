import { Timestamp, type ChangeStream, type Collection, type Document } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';
import { StreamFailure } from '../domain/streamFailure.ts';
import type { ChangeSource, ChangeStreamHandle } from '../pipeline/ports.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import { openCarefully, type CarefulStream } from './carefulStream.ts';
import { startOf } from './eventCursor.ts';
import type { UuidRepresentation } from './legacyUuid.ts';
import { fromPosition, toPosition } from './position.ts';
import { createReadingPace } from './readingPace.ts';
import {
  createToRead,
  idlePosition,
  positionOf,
  type RawEvent,
  type ToRead,
} from './streamEvent.ts';
import { toStreamFailure } from './streamErrors.ts';
import { asStored, streamPipeline } from './streamPipeline.ts';

export interface ChangeSourceOptions {
  /** The collection through a client that waits for a read for as long as it takes. */
  readonly forReading?: () => Promise<Collection>;
  /** The longest one read waits on the server when nothing happens. */
  readonly maxAwaitTimeMs?: number;
  readonly uuidRepresentation?: UuidRepresentation | undefined;
}

/**
 * The change stream of the SMS collection. After an opening that has not brought one read, or an event that can't be
 * read, the next one reads carefully: until all there is has been read, or much in a row without trouble.
 */
export function createChangeSource(
  collection: Collection,
  {
    maxAwaitTimeMs = 1_000,
    uuidRepresentation,
    forReading = async () => await Promise.resolve(collection),
  }: ChangeSourceOptions = {},
): ChangeSource {
  const patience = createPatience(limits.lookUp);
  const scanPatience = createPatience(limits.scan);
  const pace = createReadingPace();
  let needsCare = false;
  let hasRead = true;
  let isSharded: boolean | null = null;

  const operationTime = async (): Promise<Timestamp> => {
    const answer = await withDeadline(patience, () => collection.db.command({ ping: 1 }));
    return answer['operationTime'] as Timestamp;
  };
  const openOrdinary = (
    watched: Collection,
    position: StreamPosition,
    replay: boolean,
  ): ChangeStreamHandle => {
    const stream = watched.watch<Document, never>(streamPipeline(), {
      ...startOf(position, replay),
      maxAwaitTimeMS: maxAwaitTimeMs,
      batchSize: 1_000,
      ...asStored,
      comment: 'notify-on-delivery',
    });
    return createHandle(stream, position, createToRead(uuidRepresentation));
  };
  const openCareful = async (
    watched: Collection,
    position: StreamPosition,
    replay: boolean,
  ): Promise<CarefulStream> => {
    isSharded ??=
      (await withDeadline(patience, () => collection.db.command({ hello: 1 })))['msg'] ===
      'isdbgrid';
    const inSpans = !isSharded;
    const toRead = createToRead(uuidRepresentation);
    return openCarefully({
      collection: watched,
      position,
      replay,
      toRead,
      pace,
      maxAwaitTimeMs,
      patience: scanPatience,
      inSpans,
    });
  };

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
    isThere(position, target) {
      const [at, wanted] = [position, target].map((each) => fromPosition(each).clusterTime);
      return at !== undefined && wanted !== undefined && at.greaterThanOrEqual(wanted);
    },
    async open(position, { replay }) {
      if (!hasRead) {
        needsCare = true;
        pace.slower();
      }
      hasRead = false;
      const watched = await forReading().catch((error: unknown) => {
        throw toStreamFailure(error);
      });
      let careful = needsCare
        ? await openCareful(watched, position, replay).catch((error: unknown) => {
            throw toStreamFailure(error);
          })
        : null;
      let current = careful ?? openOrdinary(watched, position, replay);
      return {
        async read() {
          try {
            const read = await current.read();
            hasRead = true;
            pace.moved();
            if (careful?.isDone === true) {
              careful.leave();
              careful = null;
              needsCare = false;
              const at = read.kind === 'change' ? read.change.position : read.position;
              current = openOrdinary(watched, at, false);
            }
            return read;
          } catch (error) {
            const failure = toStreamFailure(error);
            if (failure.kind === 'unreadable') needsCare = true;
            throw failure;
          }
        },
        async close() {
          const { close } = current;
          await close();
        },
      };
    },
  };
}

function createHandle(
  stream: ChangeStream<Document, never>,
  start: StreamPosition,
  toRead: ToRead,
): ChangeStreamHandle {
  let last = start;
  return {
    async read() {
      const event: RawEvent | null = await stream.tryNext();
      if (event === null) {
        if (stream.closed) {
          throw new StreamFailure('transient', 'closed', 'the stream was closed by the server');
        }
        last = idlePosition(stream.resumeToken, last);
        return { kind: 'idle', position: last };
      }
      last = positionOf(event);
      return toRead(event);
    },
    async close() {
      await withDeadline(limits.ending, () => stream.close());
    },
  };
}
