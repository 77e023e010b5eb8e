import { Timestamp, type Collection } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';
import { StreamFailure } from '../domain/streamFailure.ts';
import type { ChangeStreamHandle, StreamRead } from '../pipeline/ports.ts';
import type { Patience } from './calls.ts';
import { openEventCursor, startOf, type CursorRead, type EventCursor } from './eventCursor.ts';
import { fromPosition, toPosition } from './position.ts';
import type { ReadingPace } from './readingPace.ts';
import { idlePosition, positionOf, unnamedChange, type ToRead } from './streamEvent.ts';
import { toStreamFailure } from './streamErrors.ts';
import type { StreamPipelineOptions } from './streamPipeline.ts';

export interface CarefulStream extends ChangeStreamHandle {
  /** There is no more reason for care: go on after the last read in the ordinary way. */
  readonly isDone: boolean;
  /** As `close`, and at once. */
  leave(): void;
}

export interface CarefulStreamOptions {
  readonly collection: Collection;
  readonly position: StreamPosition;
  /** As for `ChangeSource.open`. */
  readonly replay: boolean;
  readonly toRead: ToRead;
  readonly pace: ReadingPace;
  readonly maxAwaitTimeMs: number;
  readonly patience: Patience;
  /**
   * False behind a mongos: one shard's end of a span would be told before what another one has in it. Then only the
   * events come one by one.
   */
  readonly inSpans: boolean;
}

/** Read so quickly on average, events have next to nothing between them. */
const QUICK_MS = 10;

/**
 * Reads on where the ordinary stream brought nothing: a span of the oplog at a time, so that the position moves
 * however far it is to the next event of ours; and one event to an answer, so that one that can't be read is told
 * from those around it, and stepped over.
 */
export function openCarefully(options: CarefulStreamOptions): CarefulStream {
  const { collection, toRead, pace, maxAwaitTimeMs, patience, inSpans } = options;
  let last = options.position;
  let { replay } = options;
  let pending: StreamRead | null = null;
  let open: Readonly<{ cursor: EventCursor; spanEnd: Timestamp | null; since: number }> | null =
    null;
  let isClosed = false;
  let isDone = false;
  let quick = { events: 0, ms: 0 };

  const openFor = async (wanted: StreamPipelineOptions): Promise<NonNullable<typeof open>> => {
    const spanEnd = inSpans ? spanAfter(last, pace.spanS) : null;
    const since = performance.now();
    const cursor = await openEventCursor(collection, startOf(last, replay), {
      ...wanted,
      failFrom: spanEnd,
      maxAwaitTimeMs,
      patience,
    });
    if (isClosed) cursor.leave();
    return { cursor, spanEnd, since };
  };
  const leave = (): void => {
    open?.cursor.leave();
    open = null;
  };

  const end = (): void => {
    isClosed = true;
    leave();
  };

  /** Moves to where that read has led. */
  const take = (read: CursorRead, spanEnd: Timestamp | null): StreamRead => {
    replay = false;
    if (read.kind === 'event') {
      last = positionOf(read.event);
      return toRead(read.event);
    }
    if (read.kind === 'spanEnd' && spanEnd !== null) {
      last = toPosition({ token: null, clusterTime: spanEnd });
      return { kind: 'ignored', position: last };
    }
    last = idlePosition(read.kind === 'idle' ? read.token : null, last);
    return { kind: 'idle', position: last };
  };

  const readWhole = async (): Promise<StreamRead> => {
    open ??= await openFor({});
    const { cursor, spanEnd, since } = open;
    const askedAt = performance.now();
    const read = await cursor.pull();
    if (read.kind === 'event') {
      quick = { events: quick.events + 1, ms: quick.ms + performance.now() - askedAt };
    } else {
      quick = { events: 0, ms: 0 };
    }
    if (read.kind === 'spanEnd') {
      pace.spanRead(performance.now() - since);
      leave();
    }
    if (read.kind === 'idle') {
      pace.caughtUp();
      isDone = true;
    }
    if (quick.events >= pace.quickEvents && quick.ms < QUICK_MS * quick.events) {
      pace.resumed();
      isDone = true;
    }
    return take(read, spanEnd);
  };

  /** The one next read, of which so much is asked for; null when that can't be read either. */
  const peek = async (
    wanted: StreamPipelineOptions,
  ): Promise<Readonly<{ read: CursorRead; spanEnd: Timestamp | null }> | null> => {
    let peeking: NonNullable<typeof open> | null = null;
    try {
      peeking = await openFor(wanted);
      return { read: await peeking.cursor.pull(), spanEnd: peeking.spanEnd };
    } catch (error) {
      const failure = toStreamFailure(error);
      if (failure.kind === 'unreadable') return null;
      throw failure;
    } finally {
      peeking?.cursor.leave();
    }
  };

  /**
   * `failure` may be due to the event that comes next, or to a fault that passes. It is shown to be the event's when
   * less of it can be read, and all that asks for more fails once more.
   */
  const stepOver = async (failure: StreamFailure): Promise<StreamRead> => {
    for (const [index, wanted] of lessAndLess.entries()) {
      const found = await peek(wanted);
      if (found === null) continue;
      if (found.read.kind === 'event' || wanted.skipLongIds === true) {
        const whole = await readWhole().catch(toStreamFailure);
        if (!(whole instanceof StreamFailure)) return whole;
        leave();
        if (!mayBeOfEvent(whole)) throw whole;
        for (const more of lessAndLess.slice(0, index)) {
          if ((await peek(more)) !== null) throw failure;
        }
      }
      const before = last;
      const read = inBrief(take(found.read, found.spanEnd), failure);
      if (wanted.skipLongIds !== true) return read;
      pending = read;
      return inBrief(unnamedChange(before), failure);
    }
    pace.stuck();
    throw pace.isStuck ? new StreamFailure('oversized', failure.code, failure.cause) : failure;
  };

  return {
    get isDone() {
      return isDone && pending === null;
    },
    async read() {
      if (pending !== null) {
        const read = pending;
        pending = null;
        return read;
      }
      try {
        return await readWhole();
      } catch (error) {
        leave();
        pace.slower();
        const failure = toStreamFailure(error);
        if (isClosed || !mayBeOfEvent(failure)) throw failure;
        return await stepOver(failure);
      }
    },
    leave: end,
    async close() {
      end();
      await Promise.resolve();
    },
  };
}

/**
 * What is asked for in place of the event that can't be read whole: first its status and its key, then its token
 * alone, at last whatever comes after events with ids too long for even that.
 */
const lessAndLess: readonly StreamPipelineOptions[] = [
  { extent: 'brief' },
  { extent: 'bare' },
  { extent: 'brief', skipLongIds: true },
  { extent: 'bare', skipLongIds: true },
];

/** A server whose answer has come out larger than 16 MB may say so, or cut the connection without a word. */
function mayBeOfEvent(failure: StreamFailure): boolean {
  return failure.kind === 'unreadable' || failure.code === 'MongoNetworkError';
}

function inBrief(read: StreamRead, failure: StreamFailure): StreamRead {
  return read.kind === 'change' ? { ...read, briefFor: failure.code } : read;
}

function spanAfter(position: StreamPosition, spanS: number): Timestamp {
  const { clusterTime } = fromPosition(position);
  return new Timestamp({ t: clusterTime.getHighBitsUnsigned() + spanS, i: 0 });
}
