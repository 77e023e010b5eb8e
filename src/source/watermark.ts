import type { StreamPosition } from '../domain/change.ts';
import type { Unacked } from './unacked.ts';

/**
 * The changes that were read but are not acknowledged yet, in stream order. They are acknowledged in any order; the
 * checkpoint may only name a position once it and everything before it is acknowledged, so that whatever happens to
 * this process, a successor reads the rest again.
 *
 * Of acknowledged changes that follow one another only the last position is kept. So a slow change holds up neither
 * reading nor memory, however much passes behind it: positions kept are at most twice the unacknowledged changes,
 * plus one.
 */
export interface Watermark {
  /** Admits a change. Call the result to acknowledge it, once or more often. */
  admit(position: StreamPosition): () => void;
  /** Nothing relevant up to `position`: acknowledged as soon as everything before it is. */
  pass(position: StreamPosition): void;
  /** The newest position such that it and everything before it is acknowledged. */
  readonly position: StreamPosition;
  /** Positions kept. */
  readonly places: number;
  /** Changes acknowledged since the start: shows whether the position moved because of one. */
  readonly acked: number;
  /** The term is over: what is not acknowledged is a successor's, and counts here no more. */
  close(): void;
}

/** A change, or several acknowledged ones in a row; `position` is the last one's. */
interface Place {
  position: StreamPosition;
  isAcked: boolean;
  before: Place | null;
  after: Place | null;
}

/** @param unacked counts the changes of this watermark, perhaps with those of others */
export function createWatermark(start: StreamPosition, unacked: Unacked): Watermark {
  let watermark = start;
  let first: Place | null = null;
  let last: Place | null = null;
  let places = 0;
  let acked = 0;
  let open = 0;
  let isClosed = false;

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
    admit(position) {
      const place = append(position, false);
      open += 1;
      unacked.add();
      return () => {
        if (place.isAcked) return;
        place.isAcked = true;
        acked += 1;
        merge(place);
        advance();
        if (isClosed) return;
        open -= 1;
        unacked.remove();
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
    get places() {
      return places;
    },
    close() {
      isClosed = true;
      for (; open > 0; open -= 1) unacked.remove();
    },
  };
}
