import { Timestamp, type ChangeStream, type Collection, type Document } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';
import { StreamFailure, type ChangeSource, type ChangeStreamHandle } from '../ports/source.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import { createReadingPace, openCarefully, type CarefulStream } from './carefulStream.ts';
import type { UuidRepresentation } from './plainDocument.ts';
import { fromPosition, startOf, toPosition } from './position.ts';
import { toStreamFailure } from './streamErrors.ts';
import {
  asStored,
  createToRead,
  idlePosition,
  positionOf,
  streamPipeline,
  type RawEvent,
  type ToRead,
} from './streamEvent.ts';

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

  const ask = async (command: Document): Promise<Document> =>
    await withDeadline(patience, () => collection.db.command(command));
  const operationTime = async (): Promise<Timestamp> =>
    (await ask({ ping: 1 }))['operationTime'] as Timestamp;
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
    isSharded ??= (await ask({ hello: 1 }))['msg'] === 'isdbgrid';
    return openCarefully({
      collection: watched,
      position,
      replay,
      toRead: createToRead(uuidRepresentation),
      pace,
      maxAwaitTimeMs,
      patience: scanPatience,
      inSpans: !isSharded,
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
    hasReached(position, target) {
      return fromPosition(position).clusterTime.greaterThanOrEqual(
        fromPosition(target).clusterTime,
      );
    },
    async open(position, { replay }) {
      if (!hasRead) {
        needsCare = true;
        pace.slower();
      }
      hasRead = false;
      let watched: Collection;
      let careful: CarefulStream | null = null;
      try {
        watched = await forReading();
        if (needsCare) careful = await openCareful(watched, position, replay);
      } catch (error) {
        throw toStreamFailure(error);
      }
      let current = careful ?? openOrdinary(watched, position, replay);
      return {
        async read() {
          try {
            const read = await current.read();
            hasRead = true;
            pace.moved();
            if (careful?.isDone === true) {
              const { close } = careful;
              await close();
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
