import type { StreamPosition } from '../domain/change.ts';
import { onAbort } from '../runtime/abort.ts';

/**
 * The changes that were read but are not settled yet, in stream order. They end in any order; the
 * checkpoint may only name a position when it and everything before it is settled, so that whatever
 * happens to this process, a successor reads the rest again. Bounded: a full window stops the reading, until
 * an eighth of it is free again, so that what is looked up together is many.
 *
 * What is settled behind one that is not takes no more than its position, so many more of those are let in:
 * else the slowest of all would stop the reading for everybody.
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
  /** Changes settled since the start; moves when the watermark moved for more than the time passing. */
  readonly settledChanges: number;
}

interface Slot {
  position: StreamPosition;
  settled: boolean;
}

/** How many times `limit` the window may span, what is settled included. */
const SPAN_FACTOR = 20;
/** A full window has room again when no more than this part of it is taken. */
const FREE_AGAIN = 7 / 8;

/** @param limit changes that are not settled, at most */
export function createWindow(start: StreamPosition, limit: number): Window {
  let watermark = start;
  let slots: Slot[] = [];
  /** How many of the leading slots are behind the watermark already; trimmed in bulk. */
  let behind = 0;
  let settledChanges = 0;
  let unsettled = 0;
  let isFull = false;
  let onRoom: (() => void)[] = [];

  const update = (): void => {
    const span = slots.length - behind;
    const mayBeTaken = isFull ? FREE_AGAIN * limit : limit - 1;
    isFull = unsettled > mayBeTaken || span >= SPAN_FACTOR * limit;
    if (isFull) return;
    for (const resolve of onRoom) resolve();
    onRoom = [];
  };
  const advance = (): void => {
    for (let slot = slots[behind]; slot?.settled === true; slot = slots[behind]) {
      watermark = slot.position;
      behind += 1;
    }
    if (behind > 1_000 || behind === slots.length) {
      slots = slots.slice(behind);
      behind = 0;
    }
    update();
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
      const slot: Slot = { position, settled: false };
      slots.push(slot);
      unsettled += 1;
      update();
      return () => {
        if (slot.settled) return;
        slot.settled = true;
        unsettled -= 1;
        settledChanges += 1;
        advance();
      };
    },
    passed(position) {
      const last = slots.at(-1);
      if (last === undefined) watermark = position;
      else if (last.settled) last.position = position;
      else slots.push({ position, settled: true });
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
  };
}
