/** Puts rows where their SMS is. Each call does a bounded part of that, and rejects when the database does not answer. */
export interface Placement {
  /** Places rows that are in no partition there is, as commands and earlier versions leave them. */
  placeStray(): Promise<{ readonly placed: number; readonly isAll: boolean }>;
  /**
   * Goes through all rows from there on, null for the beginning, and moves those whose partition another count than the
   * present one has led to.
   */
  placeAnew(from: PlacedUpTo | null): Promise<{ readonly next: PlacedUpTo | null }>;
}

/** The store's own: where `placeAnew` goes on. */
export type PlacedUpTo = Readonly<{ from: unknown }>;
