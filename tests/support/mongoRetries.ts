import type { Document, MongoClient } from 'mongodb';
import { stateCollections, type StateCollections } from '../../src/mongo/database.ts';
import { createLedger, type Ledger } from '../../src/mongo/ledger.ts';
import { createRetryStore } from '../../src/mongo/retryStore.ts';
import type { RetryStore } from '../../src/ports/retries.ts';
import { createMemoryLogger, type MemoryLogger } from './memoryLogger.ts';
import { rememberMs } from './mongoOutcomes.ts';
import { createRecordingMetrics } from './recorders.ts';

export interface Retries {
  readonly store: RetryStore;
  readonly rows: StateCollections['retries'];
  readonly ledger: Ledger;
  readonly logger: MemoryLogger;
  readonly metrics: ReturnType<typeof createRecordingMetrics>;
  /** The worker's time is up. */
  abandon(): void;
  /** The row as it is stored. */
  row(notificationId: string): Promise<Document | null>;
  /** Milliseconds from the server's now to when the row is due, or its claim runs out. */
  dueInMs(notificationId: string): Promise<number>;
}

/** A worker's retry store on a database that other workers of the test may use too. */
export function createRetries(
  client: MongoClient,
  database: string,
  { claimMs = 60_000, workerId = 'worker-1' } = {},
): Retries {
  const db = client.db(database);
  const { retries, sent } = stateCollections(db);
  const ledger = createLedger(sent, { rememberMs, clock: Date });
  const logger = createMemoryLogger();
  const metrics = createRecordingMetrics();
  const abandoned = new AbortController();
  const { signal } = abandoned;
  return {
    store: createRetryStore({
      ...{ retries, ledger, clock: Date, workerId, claimMs, logger, metrics, signal },
    }),
    rows: retries,
    ledger,
    logger,
    metrics,
    abandon: () => abandoned.abort(new Error('the time is up')),
    async row(notificationId) {
      return await retries.findOne({ _id: notificationId });
    },
    async dueInMs(notificationId) {
      const dueInMs = { $subtract: ['$nextAttemptAt', '$$NOW'] };
      const stages = [{ $match: { _id: notificationId } }, { $project: { dueInMs } }];
      const [row] = await retries.aggregate(stages).toArray();
      return Number(row?.['dueInMs']);
    },
  };
}
