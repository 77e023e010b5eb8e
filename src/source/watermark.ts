import type { StreamPosition } from '../domain/change.ts';
import { createCondition } from '../runtime/condition.ts';

/**
 * The changes that were read but are not acknowledged yet, in stream order. They are acknowledged in any order; the
 * checkpoint may only name a position once it and everything before it is acknowledged, so that whatever happens to
 * this process, a successor reads the rest again. Bounded: when it is full, reading stops until an eighth is free
 * again, so that look-ups come in large batches.
 *
 * Of acknowledged changes that follow one another only the last position is kept. So a slow change holds up neither
 * reading nor memory, however much passes behind it: positions kept are at most twice the unacknowledged changes,
 * plus one.
 */
export interface Watermark {
  readonly hasRoom: boolean;
  /**
   * To be waited for while there is no room: whoever waited as well may have taken it. Rejects with the signal's
   * reason when that is aborted.
   */
  untilRoom(signal: AbortSignal): Promise<void>;
  /** Admits a change. Call the result to acknowledge it, once or more often. */
  admit(position: StreamPosition): () => void;
  /** Nothing relevant up to `position`: acknowledged as soon as everything before it is. */
  pass(position: StreamPosition): void;
  /** The newest position such that it and everything before it is acknowledged. */
  readonly position: StreamPosition;
  /** Admitted changes that are not acknowledged. */
  readonly unacked: number;
  /** Positions kept. */
  readonly places: number;
  /** Changes acknowledged since the start: shows whether the position moved because of one. */
  readonly acked: number;
}

/** A change, or several acknowledged ones in a row; `position` is the last one's. */
interface Place {
  position: StreamPosition;
  isAcked: boolean;
  before: Place | null;
  after: Place | null;
}

/** Once full, there is room again when no more than this share is taken. */
const FREE_AGAIN = 7 / 8;

/** @param limit unacknowledged changes, at most */
export function createWatermark(start: StreamPosition, limit: number): Watermark {
  let watermark = start;
  let first: Place | null = null;
  let last: Place | null = null;
  let places = 0;
  let acked = 0;
  let unacked = 0;
  let isFull = false;
  const room = createCondition();

  const update = (): void => {
    isFull = unacked > (isFull ? FREE_AGAIN * limit : limit - 1);
    if (!isFull) room.check();
  };
  const append = (position: StreamPosition, isAcked: boolean): Place => {
    const place: Place = { position, isAcked, before: last, after: null };
    if (last === null) first = place;
    else last.after = place;
    last = place;
    places += 1;
    return place;
  };
  const remove = ({ before, after }: Place): void => {
    if (before === null) first = after;
    else before.after = after;
    if (after === null) last = before;
    else after.before = before;
    places -= 1;
  };
  /** The later one's position stands for both. */
  const merge = (place: Place): void => {
    const { before, after } = place;
    if (before?.isAcked === true) remove(before);
    if (after?.isAcked === true) remove(place);
  };
  const advance = (): void => {
    while (first?.isAcked === true) {
      watermark = first.position;
      remove(first);
    }
  };

  return {
    get hasRoom() {
      return !isFull;
    },
    untilRoom: (signal) => room.until(() => !isFull, signal),
    admit(position) {
      const place = append(position, false);
      unacked += 1;
      update();
      return () => {
        if (place.isAcked) return;
        place.isAcked = true;
        unacked -= 1;
        acked += 1;
        merge(place);
        advance();
        update();
      };
    },
    pass(position) {
      if (last === null) watermark = position;
      else if (last.isAcked) last.position = position;
      else append(position, true);
    },
    get position() {
      return watermark;
    },
    get acked() {
      return acked;
    },
    get unacked() {
      return unacked;
    },
    get places() {
      return places;
    },
  };
}
