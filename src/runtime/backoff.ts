export interface Backoff {
  /** The next wait in ms: doubles from `minMs` to `maxMs`, times 0.5 to 1 so that peers spread out. */
  next(): number;
  /** Call after a success. */
  reset(): void;
}

export function createBackoff(options: {
  readonly minMs: number;
  readonly maxMs: number;
  readonly random?: () => number;
}): Backoff {
  const { minMs, maxMs, random = Math.random } = options;
  let ceilingMs = minMs;
  return {
    next() {
      const waitMs = ceilingMs * (0.5 + random() / 2);
      ceilingMs = Math.min(ceilingMs * 2, maxMs);
      return waitMs;
    },
    reset() {
      ceilingMs = minMs;
    },
  };
}
