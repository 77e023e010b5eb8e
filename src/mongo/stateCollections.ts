import type { Collection, Db, Document } from 'mongodb';

/** The worker's own collections, all prefixed so that they can live beside the platform's. */
export interface StateCollections {
  readonly checkpoints: Collection<CheckpointRow>;
  readonly sent: Collection<LedgerRow>;
}

/** Where one partition of the stream has got to. */
interface CheckpointRow extends Document {
  readonly _id: string;
}

/** One ended notification. `expireAt` is when MongoDB removes the row. */
export interface LedgerRow extends Document {
  readonly _id: string;
}

export function stateCollections(database: Db): StateCollections {
  return {
    checkpoints: database.collection('notify_on_delivery_checkpoints'),
    sent: database.collection('notify_on_delivery_sent'),
  };
}

/**
 * Creates collections and indexes where they are missing. The ledger's rows carry their own expiry date
 * and the index a delay of 0: a TTL index' delay could not be changed later with the rights the worker
 * asks for.
 */
export async function ensureStateCollections(state: StateCollections): Promise<void> {
  await state.sent.createIndex({ expireAt: 1 }, { expireAfterSeconds: 0 });
}
