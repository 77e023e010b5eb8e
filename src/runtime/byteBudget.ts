import { onAbort } from './abort.ts';

/** What one task holds of a budget. */
export interface Hold {
  add(bytes: number): void;
  /** Gives all of it back; once or more often. */
  release(): void;
}

/** For what is too little to be counted. */
export const nothingHeld: Hold = { add: () => undefined, release: () => undefined };

/**
 * Bounds what many tasks hold in memory together. Whoever finds room may take whatever the next item is, of any
 * size: so the bound is exceeded by one item at most, and none is too large to get by. Those who wait
 * for room must not be waited for by those who hold some.
 */
export interface ByteBudget {
  readonly hasRoom: boolean;
  /** What is left; less than none when the last item was larger than what there was. */
  readonly room: number;
  /**
   * To be waited for while there is no room: whoever waited as well may have taken it. Rejects with the signal's
   * reason when that is aborted.
   */
  untilRoom(signal: AbortSignal): Promise<void>;
  open(): Hold;
}

export function createByteBudget(limit: number): ByteBudget {
  let held = 0;
  let onRoom: (() => void)[] = [];

  const update = (by: number): void => {
    held += by;
    if (held >= limit || onRoom.length === 0) return;
    const waiting = onRoom;
    onRoom = [];
    for (const resolve of waiting) resolve();
  };
  return {
    get hasRoom() {
      return held < limit;
    },
    get room() {
      return limit - held;
    },
    async untilRoom(signal) {
      signal.throwIfAborted();
      if (held < limit) return;
      await new Promise<void>((resolve, reject) => {
        const forget = onAbort(signal, reject);
        onRoom.push(() => {
          forget();
          resolve();
        });
      });
    },
    open() {
      let own = 0;
      return {
        add(bytes) {
          own += bytes;
          held += bytes;
        },
        release() {
          const bytes = own;
          own = 0;
          update(-bytes);
        },
      };
    },
  };
}
