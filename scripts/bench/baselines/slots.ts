export interface Slots {
  /** Starts it as soon as fewer than the limit are running; resolves when it has started. */
  run(work: () => Promise<void>): Promise<void>;
}

/** Nobody handles what fails: it ends the process, as a measurement that goes on would mean nothing. */
export function createSlots(limit: number): Slots {
  let free = limit;
  const waiting: (() => void)[] = [];
  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async run(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      void work().finally(giveBack);
    },
  };
}
