/** Counts what is in progress, so that somebody can wait until nothing is. */
export interface WaitGroup {
  /** One more is in progress, until the function it returns is called, once or more often. */
  add(): () => void;
  /** Resolves when nothing is in progress, at once when nothing is now. */
  wait(): Promise<void>;
}

export function createWaitGroup(): WaitGroup {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    add() {
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
    async wait() {
      if (count === 0) return;
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
