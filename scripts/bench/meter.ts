interface Counts {
  /** All, with those that came twice. */
  readonly calls: number;
  readonly notifications: number;
}

/** What notes that something has arrived. */
export interface Meter {
  count(): Promise<Counts>;
  /** By notification id, when it came first: microseconds as `nowUs` counts them. */
  arrivals(): Promise<ReadonlyMap<string, number>>;
}
