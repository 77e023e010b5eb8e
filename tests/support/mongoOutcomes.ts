import type { Collection, Document, MongoClient } from 'mongodb';
import type { DeliveryRecord } from '../../src/domain/record.ts';
import { stateCollections, type StateCollections } from '../../src/mongo/database.ts';
import { createLedger } from '../../src/mongo/ledger.ts';
import { createOutcomeStore } from '../../src/mongo/outcomes.ts';
import type { OutcomeStore } from '../../src/ports/notify.ts';
import { toError } from '../../src/runtime/errors.ts';
import { createMemoryLogger, type MemoryLogger } from './memoryLogger.ts';

export interface Outcomes {
  readonly sms: Collection;
  readonly retries: StateCollections['retries'];
  readonly store: OutcomeStore;
  readonly logger: MemoryLogger;
  /** The codes under which records were counted as failed. */
  readonly failedCodes: readonly string[];
  /** The worker's time is up. */
  abandon(): void;
  /** What the document shows. */
  shown(_id: unknown): Promise<DeliveryRecord | undefined>;
  /** The ledger's row. */
  row(notificationId: string): Promise<Document | null>;
}

export const rememberMs = 3_600_000;

/** How a promise fails, to be looked at later; null when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<Error | null> {
  return await promise.then(() => null, toError);
}

/** An outcome store on a database that nobody else uses. */
export function createOutcomes(
  client: MongoClient,
  database: string,
  collection = 'sms',
): Outcomes {
  const db = client.db(database);
  const sms = db.collection(collection);
  const { sent, retries } = stateCollections(db);
  const abandoned = new AbortController();
  const logger = createMemoryLogger();
  const failedCodes: string[] = [];
  const store = createOutcomeStore({
    sms,
    ledger: createLedger(sent, { rememberMs, clock: Date }),
    retries,
    logger,
    metrics: { recordFailed: (code) => void failedCodes.push(code) },
    areSlotsAwaited: () => false,
    signal: abandoned.signal,
  });
  return {
    sms,
    retries,
    store,
    logger,
    failedCodes,
    abandon: () => abandoned.abort(new Error('the time is up')),
    async shown(_id) {
      const document: Document | null = await sms.findOne({ _id: _id as never });
      return document?.['notify_on_delivery'];
    },
    async row(notificationId) {
      return await sent.findOne({ _id: notificationId });
    },
  };
}
