import type { Document, MongoClient } from 'mongodb';
import { noAttempts } from '../../src/domain/attemptLog.ts';
import { createLedger, type Ledger } from '../../src/mongo/ledger.ts';
import { createRetryStore } from '../../src/mongo/retryStore.ts';
import { stateCollections, type StateCollections } from '../../src/mongo/stateCollections.ts';
import type {
  ClaimedNotification,
  ParkableNotification,
  ParkedNotification,
  RetryStore,
} from '../../src/pipeline/retryPort.ts';
import { aParked, aSubject, aWebhook, answered, unanswered } from './builders.ts';
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

/** One status of the SMS with this key, to be parked. */
export function parkable(
  smsKey: string,
  { deliveryStatus = 'DELIVERED', ...fields }: Partial<ParkableNotification> & Status = {},
): ParkableNotification {
  return aParked({ subject: aSubject({ smsKey, deliveryStatus }), ...fields });
}

interface Status {
  readonly deliveryStatus?: string;
}

/** What comes back of it: the endpoint's key stays behind, since it holds secrets. */
export function parkedOf({ webhook, body, ...rest }: ParkableNotification): ParkedNotification {
  const shown =
    webhook === null ? null : { webhookId: webhook.webhookId, displayUrl: webhook.displayUrl };
  return { ...rest, body: Buffer.from(body), webhook: shown };
}

/** What a worker has in its hands that has nothing. */
export const nothingElse: ReadonlySet<string> = new Set();

/** Claims rows of one endpoint, the builders' own unless told otherwise, at most so many. */
export async function claimUpTo(
  store: RetryStore,
  limit: number,
  { endpointKey } = aWebhook(),
): Promise<readonly ClaimedNotification[]> {
  const claims = Array.from(
    { length: limit },
    async () => await store.claimDue(endpointKey, nothingElse),
  );
  return (await Promise.all(claims)).flatMap((claimed) => claimed ?? []);
}

export function idsOfClaimed(claimed: readonly ClaimedNotification[]): readonly string[] {
  return claimed.map(({ parked }) => parked.subject.notificationId);
}

/** As after three attempts: with dates, and texts that mean something to an aggregation. */
export const trickyLog = {
  begun: 4,
  firstAttemptAt: new Date('2023-10-19T06:29:12.408Z'),
  runningSince: new Date('2023-10-19T06:31:12.408Z'),
  last: answered(500, {
    response: { text: '$deliveryStatus', encoding: 'utf8', truncated: true },
    error: 'response_aborted',
    retryAfter: '$$NOW',
    deliveryControl: null,
  }),
  history: [
    { at: new Date('2023-10-19T06:29:12.408Z'), statusCode: null, error: 'timeout', durationMs: 7 },
    { at: new Date('2023-10-19T06:30:12.408Z'), statusCode: 503, error: null, durationMs: 8 },
  ],
} as const;

/** A log that has less in it than the one above: nothing of that must be left in its place. */
export const briefLog = {
  ...noAttempts,
  begun: 5,
  firstAttemptAt: trickyLog.firstAttemptAt,
  last: unanswered('timeout'),
};

/** Where a row leads after its webhook was changed. */
export const otherWebhook = aWebhook({
  webhookId: 8,
  displayUrl: '$url',
  endpointKey: '$endpoint-8',
});
