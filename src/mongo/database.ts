import type { Db } from 'mongodb';
import type { AuditRow } from './audit.ts';
import type { CheckpointRow } from './checkpoints.ts';
import type { EndpointRow } from './endpoints.ts';
import type { EndpointStatsRow } from './endpointStats.ts';
import type { GapRow } from './gaps.ts';
import type { JobRow } from './jobs.ts';
import type { LeaseRow } from './leases.ts';
import type { LedgerRow } from './ledger.ts';
import type { RetryRow } from './retryRow.ts';

/** The worker's own collections, all prefixed so that they can live beside the platform's. */
export type StateCollections = ReturnType<typeof stateCollections>;

export function stateCollections(database: Db) {
  return {
    checkpoints: database.collection<CheckpointRow>('notify_on_delivery_checkpoints'),
    sent: database.collection<LedgerRow>('notify_on_delivery_sent'),
    retries: database.collection<RetryRow>('notify_on_delivery_retries'),
    endpoints: database.collection<EndpointRow>('notify_on_delivery_endpoints'),
    leases: database.collection<LeaseRow>('notify_on_delivery_leases'),
    gaps: database.collection<GapRow>('notify_on_delivery_gaps'),
    jobs: database.collection<JobRow>('notify_on_delivery_jobs'),
    audit: database.collection<AuditRow>('notify_on_delivery_audit'),
    endpointStats: database.collection<EndpointStatsRow>('notify_on_delivery_endpoint_stats'),
  };
}
