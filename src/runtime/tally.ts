/** Counts what is under way, so that somebody can wait until nothing is. */
export interface Tally {
  /** One more is under way, until what this returns is called, once or more often. */
  enter(): () => void;
  /** Resolves when nothing is under way, at once when nothing is now. */
  empty(): Promise<void>;
}

export function createTally(): Tally {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    enter() {
      count += 1;
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        count -= 1;
        if (count > 0) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      };
    },
    async empty() {
      if (count === 0) return;
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
