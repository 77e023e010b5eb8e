import { attemptErrors } from '../domain/attempt.ts';
import type { FailedReason, SkippedReason } from '../domain/record.ts';

const failed = {
  attempts_exhausted: true,
  expired: true,
  endpoint_gone: true,
  endpoint_disabled: true,
  aborted_by_receiver: true,
  blocked_address: true,
  invalid_webhook: true,
  notification_withdrawn: true,
} as const satisfies Record<FailedReason, true>;

const skipped = {
  no_default_webhook: true,
  flow_webhook_disabled: true,
  unusable_document: true,
  stale: true,
} as const satisfies Record<SkippedReason, true>;

/** The label values that can be told before anything has happened. */
export const knownLabels = {
  ends: [
    { state: 'delivered', reason: '' },
    ...Object.keys(failed).map((reason) => ({ state: 'failed', reason })),
    ...Object.keys(skipped).map((reason) => ({ state: 'skipped', reason })),
  ],
  outcomes: ['2xx', '3xx', '4xx', '5xx', ...attemptErrors].map((outcome) => ({ outcome })),
  notNotified: ['not_opted_in', 'filtered_status', 'document_gone', 'duplicate'].map((reason) => ({
    reason,
  })),
  collections: ['checkpoints', 'retries', 'sent', 'endpoints', 'gaps', 'leases', 'jobs'].map(
    (name) => ({ collection: `notify_on_delivery_${name}` }),
  ),
  lookups: ['hit', 'miss', 'stale', 'error'].map((result) => ({ result })),
} as const;
