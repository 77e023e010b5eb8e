import type { StreamPosition } from '../domain/change.ts';
import { onAbort } from '../runtime/abort.ts';

/**
 * The changes that were read but are not settled yet, in stream order. They end in any order; the
 * checkpoint may only name a position when it and everything before it is settled, so that whatever
 * happens to this process, a successor reads the rest again. Bounded: a full window stops the reading, until
 * an eighth of it is free again, so that what is looked up together is many.
 *
 * Of changes that are settled and follow one another only the last one's position is kept. So one that takes long
 * holds neither the reading nor memory, whatever goes by behind it: at most twice as many positions as there are
 * unsettled changes, and one.
 */
export interface Window {
  readonly hasRoom: boolean;
  /**
   * To be waited for while there is no room: whoever waited as well may have taken it. Rejects with the signal's
   * reason when that is aborted.
   */
  untilRoom(signal: AbortSignal): Promise<void>;
  /** Takes a change in. Call the result when it is settled, once or more often. */
  admit(position: StreamPosition): () => void;
  /** Nothing of ours up to `position`: settled as soon as everything before it is. */
  passed(position: StreamPosition): void;
  /** The newest position such that it and all before it are settled. */
  readonly watermark: StreamPosition;
  /** Changes taken in that are not settled. */
  readonly unsettled: number;
  /** Positions kept. */
  readonly places: number;
  /** Changes settled since the start; moves when the watermark moved for more than the time passing. */
  readonly settledChanges: number;
}

/** A change, or several settled ones that follow one another; `position` is the last one's. */
interface Place {
  position: StreamPosition;
  isSettled: boolean;
  before: Place | null;
  after: Place | null;
}

/** A full window has room again when no more than this part of it is taken. */
const FREE_AGAIN = 7 / 8;

/** @param limit changes that are not settled, at most */
export function createWindow(start: StreamPosition, limit: number): Window {
  let watermark = start;
  let first: Place | null = null;
  let last: Place | null = null;
  let places = 0;
  let settledChanges = 0;
  let unsettled = 0;
  let isFull = false;
  let onRoom: (() => void)[] = [];

  const update = (): void => {
    isFull = unsettled > (isFull ? FREE_AGAIN * limit : limit - 1);
    if (isFull) return;
    for (const resolve of onRoom) resolve();
    onRoom = [];
  };
  const append = (position: StreamPosition, isSettled: boolean): Place => {
    const place: Place = { position, isSettled, before: last, after: null };
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
    if (before?.isSettled === true) remove(before);
    if (after?.isSettled === true) remove(place);
  };
  const advance = (): void => {
    while (first?.isSettled === true) {
      watermark = first.position;
      remove(first);
    }
  };

  return {
    get hasRoom() {
      return !isFull;
    },
    async untilRoom(signal) {
      signal.throwIfAborted();
      if (!isFull) return;
      await new Promise<void>((resolve, reject) => {
        const forget = onAbort(signal, reject);
        onRoom.push(() => {
          forget();
          resolve();
        });
      });
    },
    admit(position) {
      const place = append(position, false);
      unsettled += 1;
      update();
      return () => {
        if (place.isSettled) return;
        place.isSettled = true;
        unsettled -= 1;
        settledChanges += 1;
        merge(place);
        advance();
        update();
      };
    },
    passed(position) {
      if (last === null) watermark = position;
      else if (last.isSettled) last.position = position;
      else append(position, true);
    },
    get watermark() {
      return watermark;
    },
    get settledChanges() {
      return settledChanges;
    },
    get unsettled() {
      return unsettled;
    },
    get places() {
      return places;
    },
  };
}
