import type { Db, Document } from 'mongodb';
import type { EndpointRow } from './endpoints.ts';
import type { JobRow } from './jobs.ts';
import type { LedgerRow } from './ledger.ts';
import type { RetryRow } from './retryRow.ts';

/** The stream's only partition, until there are several. */
export const PARTITION = '0';

/** The worker's own collections, all prefixed so that they can live beside the platform's. */
export type StateCollections = ReturnType<typeof stateCollections>;

/** Where one partition of the stream has got to. */
export interface CheckpointRow extends Document {
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

export function stateCollections(database: Db) {
  return {
    checkpoints: database.collection<CheckpointRow>('notify_on_delivery_checkpoints'),
    sent: database.collection<LedgerRow>('notify_on_delivery_sent'),
    retries: database.collection<RetryRow>('notify_on_delivery_retries'),
    endpoints: database.collection<EndpointRow>('notify_on_delivery_endpoints'),
    leases: database.collection<LeaseRow>('notify_on_delivery_leases'),
    gaps: database.collection<GapRow>('notify_on_delivery_gaps'),
    jobs: database.collection<JobRow>('notify_on_delivery_jobs'),
  };
}
