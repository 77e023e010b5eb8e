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
 * Creates collections and indexes where they are missing, each through `create`; the names of those where there was
 * any to create. Where there is none it costs a look at the catalogue. The ledger's rows carry their own expiry date
 * and the index a delay of 0: a TTL index' delay could not be changed later with the rights the worker asks for.
 */
export async function ensureStateCollections(
  { sent, retries }: Pick<StateCollections, 'sent' | 'retries'>,
  create: CreateIndexes = async (_, createIndexes) => await createIndexes(),
): Promise<readonly string[]> {
  const wanted: readonly Wanted[] = [
    { collection: sent, indexes: [{ key: { expireAt: 1 }, expireAfterSeconds: 0 }] },
    {
      collection: retries,
      indexes: [
        { key: dueIndex },
        { key: { nextAttemptAt: 1 } },
        { key: { acceptedAt: 1 } },
        { key: { sms: 1 } },
      ],
    },
  ];
  const created: string[] = [];
  for (const each of wanted) {
    const isNew = await create(
      each.collection.namespace,
      async () => await createMissingIndexes(each),
    );
    if (isNew) created.push(each.collection.collectionName);
  }
  return created;
}

interface Wanted {
  readonly collection: Collection<RetryRow> | Collection<LedgerRow>;
  readonly indexes: readonly (Document & { readonly key: Readonly<Record<string, number>> })[];
}

type CreateIndexes = (namespace: string, createIndexes: () => Promise<boolean>) => Promise<boolean>;

/** By the plain command, which alone tells whether there was anything to do. */
async function createMissingIndexes({ collection, indexes }: Wanted): Promise<boolean> {
  const answer = await withDeadline(limits.index, () =>
    collection.db.command({
      createIndexes: collection.collectionName,
      indexes: indexes.map((index) => ({ ...index, name: nameOf(index.key) })),
      writeConcern: { w: 'majority' },
    }),
  );
  // Behind a mongos the figures are by shard: then nobody is told.
  return answer['numIndexesAfter'] !== answer['numIndexesBefore'];
}

/** As drivers name them, and earlier versions did. */
function nameOf(key: Readonly<Record<string, number>>): string {
  return Object.entries(key).flat().join('_');
}
