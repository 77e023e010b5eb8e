export interface Slots {
  /** Starts it as soon as fewer than the limit are running; resolves when it has started. */
  run(work: () => Promise<void>): Promise<void>;
}

export function createSlots(limit: number): Slots {
  let free = limit;
  let wake: (() => void) | null = null;
  return {
    async run(work) {
      if (free === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      free -= 1;
      void work().finally(() => {
        free += 1;
        wake?.();
        wake = null;
      });
    },
  };
}
