import type { Document, MongoClient } from 'mongodb';
import { stateCollections, type StateCollections } from '../../src/mongo/database.ts';
import { createLedger, type Ledger } from '../../src/mongo/ledger.ts';
import { readRetryRow } from '../../src/mongo/retryRow.ts';
import { createRetryStore } from '../../src/mongo/retryStore.ts';
import type { Partitioning } from '../../src/ports/partitioning.ts';
import type { RetryStore } from '../../src/ports/retries.ts';
import type { RetriesUnderTest } from '../contract/retriesUnderTest.ts';
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

interface StoreOptions {
  readonly claimMs?: number;
  readonly workerId?: string;
  readonly partitioning?: Partitioning;
}

/** A worker's retry store on a database that other workers of the test may use too. */
export function createRetries(
  client: MongoClient,
  database: string,
  { claimMs = 60_000, workerId = 'worker-1', partitioning }: StoreOptions = {},
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
      ...{ retries, ledger, clock: Date, workerId, claimMs, logger, metrics, signal, partitioning },
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

/** The same, as tests of every retry store see it. */
export function retriesIn(
  client: MongoClient,
  database: string,
  options: StoreOptions = {},
): RetriesUnderTest {
  const { store, rows, ledger, dueInMs } = createRetries(client, database, options);
  return {
    store,
    another: () => createRetries(client, database, { ...options, workerId: 'worker-2' }).store,
    async row(notificationId) {
      const row = await rows.findOne({ _id: notificationId });
      if (row === null) return null;
      const read = await readRetryRow(row);
      if ('problem' in read) throw new Error(read.problem);
      const { endpoint: endpointKey, claim, nextAttemptAt: dueAt } = row;
      return { retry: read.retry, endpointKey, claim: claim?.token ?? null, dueAt };
    },
    stored: async () => await rows.find().sort({ _id: 1 }).toArray(),
    dueInMs,
    async makeDue(notificationId, forMs = 1_000) {
      const nextAttemptAt = { $subtract: ['$$NOW', forMs] };
      await rows.updateOne({ _id: notificationId }, [{ $set: { nextAttemptAt } }]);
    },
    async remember(ending) {
      await ledger.add([ending]);
    },
  };
}
