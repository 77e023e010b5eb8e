/** How often something happened lately: what has happened counts half after `halfMs`. */
export interface RecentCount {
  add(): void;
  /** A whole number; at a steady rate, about what happens in 1.4 times `halfMs`. */
  readonly count: number;
}

export function createRecentCount(halfMs: number): RecentCount {
  let last = 0;
  let since = performance.now();
  const now = (): number => last * 2 ** ((since - performance.now()) / halfMs);
  return {
    add() {
      last = now() + 1;
      since = performance.now();
    },
    get count() {
      return Math.round(now());
    },
  };
}
