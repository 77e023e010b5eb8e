import type { Document } from 'mongodb';
import type { Logger } from '../runtime/logger.ts';
import { limits, withDeadline } from './calls.ts';
import { createOplogReader } from './oplogReader.ts';
import { PARTITION, type StateCollections } from './stateCollections.ts';

/** Counted one by one up to here, which takes the server about 10 ms. */
const COUNTED_EXACTLY = 10_000;

/** Reads for the gauges, cheap however much there is. Each rejects when the database does not answer. */
export interface StateReaders {
  /** Exact up to 10,000, then what the server keeps count of, which a crash of it may leave a bit off. */
  retriesPending(): Promise<number>;
  /** By the server's clock, how long the oldest due row has been due; 0 when none is. */
  oldestOverdueSeconds(): Promise<number>;
  endpointsDisabled(): Promise<number>;
  /** Of the checkpoint as it is saved, by whichever worker; null when there is none. */
  checkpointAt(): Promise<Date | null>;
  /** See `OplogReader`. */
  oldestOplogEntryAt(): Promise<Date | null>;
}

export function createStateReaders(options: {
  readonly state: StateCollections;
  readonly rememberMs: number;
  readonly logger: Logger;
}): StateReaders {
  const { state, rememberMs, logger } = options;
  const { retries, endpoints, checkpoints } = state;
  const { client } = retries.db;
  const oplog = createOplogReader({ client, rememberMs, logger });
  return {
    async retriesPending() {
      // By an index alone: the rows hold whole bodies.
      const exact = { hint: { _id: 1 }, limit: COUNTED_EXACTLY };
      const counted = await withDeadline(limits.gauge, () => retries.countDocuments({}, exact));
      if (counted < COUNTED_EXACTLY) return counted;
      const roughly = await withDeadline(limits.gauge, () => retries.estimatedDocumentCount());
      return Math.max(counted, roughly);
    },
    async oldestOverdueSeconds() {
      const [oldest] = await withDeadline(limits.gauge, () =>
        retries.aggregate<Overdue>(oldestOverdue).toArray(),
      );
      return Math.max(0, oldest?.overdueMs ?? 0) / 1_000;
    },
    endpointsDisabled: async () =>
      await withDeadline(limits.gauge, () => endpoints.countDocuments({})),
    async checkpointAt() {
      const projection = { wallTime: 1 };
      const row = await withDeadline(limits.gauge, () =>
        checkpoints.findOne({ _id: PARTITION }, { projection }),
      );
      const wallTime: unknown = row?.['wallTime'];
      return wallTime instanceof Date ? wallTime : null;
    },
    oldestOplogEntryAt: oplog.oldestEntryAt,
  };
}

interface Overdue {
  /** Negative for a row that is not due yet. */
  readonly overdueMs: number;
}

/** A claimed row's `nextAttemptAt` is the end of its claim, so a claim that ran out counts as due. */
const oldestOverdue: Document[] = [
  { $match: { nextAttemptAt: { $type: 'date' } } },
  { $sort: { nextAttemptAt: 1 } },
  { $limit: 1 },
  { $project: { _id: 0, overdueMs: { $toDouble: { $subtract: ['$$NOW', '$nextAttemptAt'] } } } },
];
