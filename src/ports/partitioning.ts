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
