import { createCondition } from './condition.ts';

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
 * size: so the bound is exceeded by one item at most, and none is too large to get by. A holder must
 * never wait for a task that is waiting for room.
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
  const room = createCondition();
  const hasRoom = (): boolean => held < limit;

  const change = (by: number): void => {
    held += by;
    if (by < 0) room.check();
  };
  return {
    get hasRoom() {
      return hasRoom();
    },
    get room() {
      return limit - held;
    },
    untilRoom: (signal) => room.until(hasRoom, signal),
    open: () => new PartHeld(change),
  };
}

/** A class, since every status has several: their functions are shared. */
class PartHeld implements Hold {
  readonly #change: (by: number) => void;
  #own = 0;

  constructor(change: (by: number) => void) {
    this.#change = change;
  }

  add(bytes: number): void {
    this.#own += bytes;
    this.#change(bytes);
  }

  release(): void {
    const bytes = this.#own;
    this.#own = 0;
    this.#change(-bytes);
  }
}
