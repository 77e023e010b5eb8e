import { Timestamp, type Collection } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';
import { StreamFailure, type ChangeStreamHandle, type StreamEvent } from '../ports/source.ts';
import type { Patience } from './calls.ts';
import { openEventCursor, type CursorRead, type EventCursor } from './eventCursor.ts';
import { fromPosition, startOf, toPosition } from './position.ts';
import { toStreamFailure } from './streamErrors.ts';
import {
  idlePosition,
  positionOf,
  unnamedChange,
  type StreamPipelineOptions,
  type ToRead,
} from './streamEvent.ts';

export interface CarefulStream extends ChangeStreamHandle {
  /** There is no more reason for care: continue after the last read in the ordinary way. */
  readonly isDone: boolean;
}

interface CarefulStreamOptions {
  readonly collection: Collection;
  readonly position: StreamPosition;
  /** As for `ChangeSource.open`. */
  readonly replay: boolean;
  readonly toRead: ToRead;
  readonly pace: ReadingPace;
  readonly maxAwaitTimeMs: number;
  readonly patience: Patience;
  /** False behind a mongos: one shard's end of a span would come before what another one has in it. */
  readonly inSpans: boolean;
}

/** Read so quickly on average, events have next to nothing between them. */
const QUICK_MS = 10;

/**
 * Reads on where the ordinary stream brought nothing: a span of the oplog at a time, so that the position moves
 * however far it is to the next event of ours; and one event to an answer, so that one that can't be read is
 * distinguished from those around it, and skipped.
 */
export function openCarefully(options: CarefulStreamOptions): CarefulStream {
  const { collection, toRead, pace, maxAwaitTimeMs, patience, inSpans } = options;
  let last = options.position;
  let { replay } = options;
  let pending: StreamEvent | null = null;
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

  /** Moves to where that read has led. */
  const advance = (read: CursorRead, spanEnd: Timestamp | null): StreamEvent => {
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

  const readWhole = async (): Promise<StreamEvent> => {
    open ??= await openFor({});
    const { cursor, spanEnd, since } = open;
    const askedAt = performance.now();
    const read = await cursor.pull();
    quick =
      read.kind === 'event'
        ? { events: quick.events + 1, ms: quick.ms + performance.now() - askedAt }
        : { events: 0, ms: 0 };
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
    return advance(read, spanEnd);
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
  const stepOver = async (failure: StreamFailure): Promise<StreamEvent> => {
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
      const read = inBrief(advance(found.read, found.spanEnd), failure);
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
    close() {
      isClosed = true;
      leave();
      return Promise.resolve();
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

function inBrief(read: StreamEvent, failure: StreamFailure): StreamEvent {
  return read.kind === 'change' ? { ...read, briefFor: failure.code } : read;
}

function spanAfter(position: StreamPosition, spanS: number): Timestamp {
  const { clusterTime } = fromPosition(position);
  return new Timestamp({ t: clusterTime.getHighBitsUnsigned() + spanS, i: 0 });
}

/** At 20,000 foreign entries a second and 6 µs for each, a read of 0.6 s. */
const FIRST_SPAN_S = 5;
/** A read that takes longer has the next go through less. Far shorter than anybody cuts an idle connection after. */
const READ_MS = { quick: 1_000, slow: 4_000 } as const;
const FIRST_QUICK_EVENTS = 200;
/** With the waits before reopening, half a minute: a fault that passes must leave no gap. */
const TRIES_TO_STEP_OVER = 9;

type ReadingPace = ReturnType<typeof createReadingPace>;

/** What is remembered of a stream that could not be read, from one opening to the next: how to read carefully. */
export function createReadingPace() {
  let spanS = FIRST_SPAN_S;
  let quickEvents = FIRST_QUICK_EVENTS;
  let timesStuck = 0;
  const scale = (factor: number): void => {
    spanS = Math.max(1, Math.round(spanS * factor));
  };
  return {
    /** How much of the oplog one read may go through, in seconds of its writing. */
    get spanS() {
      return spanS;
    },
    /** Events in a row that have to come quickly before the stream is read in the ordinary way again. */
    get quickEvents() {
      return quickEvents;
    },
    /** One read was cut off or did not come. */
    slower() {
      scale(1 / 4);
    },
    /** A span was read to its end, in so long. */
    spanRead(ms: number) {
      if (ms < READ_MS.quick) scale(2);
      if (ms > READ_MS.slow) scale(1 / 2);
    },
    /** The ordinary way is tried again, far from the end of the oplog. */
    resumed() {
      quickEvents *= 2;
    },
    /** An event could not be stepped over. */
    stuck() {
      timesStuck += 1;
    },
    /** That has happened again and again, with nothing read in between. */
    get isStuck() {
      return timesStuck >= TRIES_TO_STEP_OVER;
    },
    /** Something was read. */
    moved() {
      timesStuck = 0;
    },
    /** All there is has been read. */
    caughtUp() {
      spanS = FIRST_SPAN_S;
      quickEvents = FIRST_QUICK_EVENTS;
    },
  };
}
