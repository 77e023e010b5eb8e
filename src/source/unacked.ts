import { createCondition } from '../runtime/condition.ts';

/**
 * Counts the changes that were read and are not acknowledged, over all partitions that this process works on. Bounded:
 * when it is full, reading stops until an eighth is free again, so that look-ups come in large batches.
 */
export interface Unacked {
  readonly count: number;
  readonly hasRoom: boolean;
  /**
   * To be waited for while there is no room: whoever waited as well may have taken it. Rejects with the signal's
   * reason when that is aborted.
   */
  untilRoom(signal: AbortSignal): Promise<void>;
  add(): void;
  remove(): void;
}

/** Once full, there is room again when no more than this share is taken. */
const FREE_AGAIN = 7 / 8;

/** @param limit changes, at most */
export function createUnacked(limit: number): Unacked {
  let count = 0;
  let isFull = false;
  const room = createCondition();

  const change = (by: 1 | -1): void => {
    count += by;
    isFull = count > (isFull ? FREE_AGAIN * limit : limit - 1);
    if (!isFull) room.check();
  };
  return {
    get count() {
      return count;
    },
    get hasRoom() {
      return !isFull;
    },
    untilRoom: (signal) => room.until(() => !isFull, signal),
    add: () => change(1),
    remove: () => change(-1),
  };
}
