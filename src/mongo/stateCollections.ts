import type { Collection, Db, Document } from 'mongodb';
import { limits, withDeadline } from './calls.ts';

/** The stream's only partition, until there are several. */
export const PARTITION = '0';

/** What is asked for rows that are due goes by it. */
export const dueIndex = { endpoint: 1, nextAttemptAt: 1 } as const;

/** The worker's own collections, all prefixed so that they can live beside the platform's. */
export interface StateCollections {
  readonly checkpoints: Collection<CheckpointRow>;
  readonly sent: Collection<LedgerRow>;
  readonly retries: Collection<RetryRow>;
  readonly endpoints: Collection<EndpointRow>;
  readonly leases: Collection<LeaseRow>;
  readonly gaps: Collection<GapRow>;
  readonly jobs: Collection<JobRow>;
}

/** Where one partition of the stream has got to. */
export interface CheckpointRow extends Document {
  readonly _id: string;
}

/** One ended notification. `expireAt` is when MongoDB removes the row. */
export interface LedgerRow extends Document {
  readonly _id: string;
}

/** One notification in durable state. `nextAttemptAt` is when it is due, and how long a claim holds. */
export interface RetryRow extends Document {
  readonly _id: string;
}

/** One endpoint that is not to be called, named by the hash of its key. */
interface EndpointRow extends Document {
  readonly _id: string;
}

/** Who works, until when. */
interface LeaseRow extends Document {
  readonly _id: string;
}

/** One gap and how far it has been searched. */
interface GapRow extends Document {
  readonly _id: string;
}

/** One replay or backfill, and how far it has come. */
export interface JobRow extends Document {
  readonly _id: string;
}

export function stateCollections(database: Db): StateCollections {
  return {
    checkpoints: database.collection('notify_on_delivery_checkpoints'),
    sent: database.collection('notify_on_delivery_sent'),
    retries: database.collection('notify_on_delivery_retries'),
    endpoints: database.collection('notify_on_delivery_endpoints'),
    leases: database.collection('notify_on_delivery_leases'),
    gaps: database.collection('notify_on_delivery_gaps'),
    jobs: database.collection('notify_on_delivery_jobs'),
  };
}

/**
 * Creates collections and indexes where they are missing, each through `create`. The ledger's rows carry
 * their own expiry date and the index a delay of 0: a TTL index' delay could not be changed later with the
 * rights the worker asks for.
 */
export async function ensureStateCollections(
  { sent, retries }: StateCollections,
  create: CreateIndexes = async (_, createIndexes) => await createIndexes(),
): Promise<void> {
  await create(sent.namespace, () =>
    withDeadline(limits.index, () => sent.createIndex({ expireAt: 1 }, { expireAfterSeconds: 0 })),
  );
  await create(retries.namespace, () =>
    withDeadline(limits.index, () =>
      retries.createIndexes([
        { key: dueIndex },
        { key: { nextAttemptAt: 1 } },
        { key: { acceptedAt: 1 } },
        { key: { sms: 1 } },
      ]),
    ),
  );
}

type CreateIndexes = (namespace: string, createIndexes: () => Promise<unknown>) => Promise<unknown>;
