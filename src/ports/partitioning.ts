import type { DocumentKey } from '../domain/change.ts';

/** The topic's partitions that this worker has, and which one a row belongs to: the one of its SMS. */
export interface Partitioning {
  /** Those that this worker works on now. */
  held(): ReadonlySet<number>;
  /** How many the topic has, one at least. */
  count(): number;
  /**
   * Kafka's hash of the key under which that SMS is in the topic: 31 bits, whose remainder by the count is the
   * partition. Null where that key can't be known.
   */
  keyHashOf(documentKey: DocumentKey): number | null;
}

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
