import { Counter, Gauge, Histogram, Registry, type LabelValues } from 'prom-client';
import { attemptErrors } from '../domain/attempt.ts';
import type { Metrics } from '../pipeline/ports.ts';

export interface PrometheusMetrics extends Metrics {
  /** The Prometheus text exposition. */
  text(): Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'notify_on_delivery_';
/** Seconds: from a fast local answer to the longest a request may take by default. */
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];
/** Seconds: from at once to after the last retry of the default schedule. */
const deliveryBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 36_000];

/** Every series whose labels are known exists from the start, so that a rate over it is never absent. */
export function createMetrics(): PrometheusMetrics {
  const registry = new Registry();
  const counter = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    known: readonly LabelValues<Label>[],
  ): Counter<Label> => {
    const made = new Counter({ name: PREFIX + name, help, labelNames, registers: [registry] });
    for (const labels of known) made.inc(labels, 0);
    return made;
  };
  const histogram = (name: string, help: string, buckets: number[]): Histogram =>
    new Histogram({ name: PREFIX + name, help, buckets, registers: [registry] });
  const gauge = (name: string, help: string, collect?: (gauge: Gauge) => void): Gauge =>
    new Gauge({
      name: PREFIX + name,
      help,
      registers: [registry],
      ...(collect !== undefined && {
        collect() {
          collect(this);
        },
      }),
    });

  const notifications = counter(
    'notifications_total',
    'Notifications that ended, by how',
    ['state', 'reason'],
    knownEnds,
  );
  const attempts = counter(
    'attempts_total',
    'Calls made, by outcome',
    ['outcome'],
    ['2xx', '3xx', '4xx', '5xx', ...attemptErrors].map((outcome) => ({ outcome })),
  );
  const attemptDuration = histogram(
    'attempt_duration_seconds',
    'Duration of a call',
    attemptBuckets,
  );
  const statusToResponse = histogram(
    'status_to_response_seconds',
    'From the write of the status to the 2xx answer',
    deliveryBuckets,
  );
  const notNotified = counter(
    'not_notified_total',
    'Statuses that never became a notification',
    ['reason'],
    ['not_opted_in', 'filtered_status', 'document_gone', 'duplicate'].map((reason) => ({ reason })),
  );
  const inFlight = gauge('in_flight', 'Calls running now');
  const reopened = counter('stream_reopened_total', 'Reopenings of the stream', ['cause'], []);
  const gaps = counter('gaps_total', 'Spans the stream could not be read for', [], [{}]);
  const recordFailures = counter('record_failures_total', 'Records that never fit', ['code'], []);
  const routeLookups = counter(
    'route_lookups_total',
    'Questions to the route cache',
    ['result'],
    ['hit', 'miss', 'stale', 'error'].map((result) => ({ result })),
  );
  const leaseHeld = new Gauge({
    name: `${PREFIX}lease_held`,
    help: 'Whether this worker holds the lease',
    labelNames: ['partition'],
    registers: [registry],
  });
  leaseHeld.set({ partition: '0' }, 0);
  let streamAtMs: number | null = null;
  let checkpointAtMs: number | null = null;
  const secondsSince = (atMs: number | null) => (lag: Gauge) => {
    if (atMs !== null) lag.set(Math.max(0, (Date.now() - atMs) / 1000));
  };
  gauge('stream_lag_seconds', 'Age of the newest thing read from the stream', (lag) =>
    secondsSince(streamAtMs)(lag),
  );
  gauge('checkpoint_lag_seconds', 'Age of the checkpoint', (lag) =>
    secondsSince(checkpointAtMs)(lag),
  );

  return {
    notificationEnded: (state, reason) => notifications.inc({ state, reason }),
    notNotified: (reason) => notNotified.inc({ reason }),
    attempted(outcome) {
      const answer =
        outcome.kind === 'answered' ? `${Math.floor(outcome.statusCode / 100)}xx` : null;
      attempts.inc({ outcome: answer ?? outcome.error ?? 'network_error' });
      attemptDuration.observe(outcome.durationMs / 1000);
    },
    delivered: (seconds) => statusToResponse.observe(Math.max(0, seconds)),
    inFlight: (count) => inFlight.set(count),
    streamRead({ empty, wallTime }) {
      streamAtMs = Math.max(streamAtMs ?? 0, empty ? Date.now() : wallTime.getTime());
    },
    streamReopened: (cause) => reopened.inc({ cause }),
    gapFound: () => gaps.inc(),
    checkpointAt(wallTime) {
      checkpointAtMs = wallTime.getTime();
    },
    recordFailed: (code) => recordFailures.inc({ code }),
    leaseHeld: (held) => leaseHeld.set({ partition: '0' }, held ? 1 : 0),
    routeLookup: (result) => routeLookups.inc({ result }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

const knownEnds = [
  { state: 'delivered', reason: '' },
  ...[
    'attempts_exhausted',
    'expired',
    'endpoint_gone',
    'endpoint_disabled',
    'aborted_by_receiver',
    'blocked_address',
    'invalid_webhook',
    'notification_withdrawn',
  ].map((reason) => ({ state: 'failed', reason })),
  ...['no_default_webhook', 'flow_webhook_disabled', 'unusable_document', 'stale'].map(
    (reason) => ({ state: 'skipped', reason }),
  ),
];
