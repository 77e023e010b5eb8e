import { Counter, Gauge, Histogram, type LabelValues, Registry } from 'prom-client';
import { outcomeClasses, outcomeClassOf } from '../domain/attempt.ts';
import type { FailedReason, SkippedReason } from '../domain/record.ts';
import type { Metrics, TopicMetrics, TraceMetrics } from '../ports/telemetry.ts';
import { createProcessMetrics, type ProcessMetrics } from './processMetrics.ts';
import { createTopicMetrics } from './topicMetrics.ts';
import { createTraceMetrics } from './traceMetrics.ts';

/** What the worker's collections and the oplog say; the same whichever worker reads it. */
export interface StateFigures {
  readonly retriesPending: number;
  readonly retriesBlocked: number;
  readonly oldestOverdueSeconds: number;
  readonly endpointsDisabled: number;
  /** Null when none is saved. */
  readonly checkpointAt: Date | null;
  /** Null when it is unknown. */
  readonly oldestOplogEntryAt: Date | null;
}

/** Null also for what has not been read yet. */
type LastRead = { readonly [Name in keyof StateFigures]: StateFigures[Name] | null };

export interface PrometheusMetrics extends Metrics {
  /** The figures just read; those left out keep their values. */
  stateRead(figures: Partial<StateFigures>): void;
  /** For a worker that takes statuses from a topic; the series exist from the first call on. */
  topic(): TopicMetrics;
  /** The same for a worker that sends traces. */
  traces(): TraceMetrics;
  readonly watchProcess: ProcessMetrics['watch'];
  /** The Prometheus text exposition. */
  text(): Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'notify_on_delivery_';
/** Seconds: from a fast local answer to the longest a request may take by default. */
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];
/** Seconds: from immediate delivery to after the last retry of the default schedule. */
const deliveryBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 36_000];

/**
 * Every series whose labels are known exists from the start, so that a rate over it is never absent. A value for
 * which 0 would be wrong, such as a lag or a row count that has not been read yet, is absent until it is known.
 * `now`, in milliseconds, is MongoDB's clock, which the reported times also use; `version` is the worker's.
 */
export function createMetrics(
  now = (): number => Date.now(),
  version = 'unknown',
): PrometheusMetrics {
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
  const gauge = (name: string, help: string, labelNames: readonly string[] = []): Gauge =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers: [registry] });
  /** Computed when it is collected; absent while `value` returns null. */
  const derived = (name: string, help: string, value: () => number | null): Gauge =>
    new Gauge({
      name: PREFIX + name,
      help,
      registers: [registry],
      collect() {
        const figure = value();
        if (figure === null) this.remove();
        else this.set(figure);
      },
    });

  const notifications = counter(
    'notifications_total',
    'Notifications that ended, by state and reason',
    ['state', 'reason'],
    knownLabels.ends,
  );
  const attempts = counter(
    'attempts_total',
    'Calls made, by outcome',
    ['outcome'],
    knownLabels.outcomes,
  );
  const attemptDuration = histogram(
    'attempt_duration_seconds',
    'Duration of a call',
    attemptBuckets,
  );
  const statusToResponse = histogram(
    'status_to_response_seconds',
    'Time from the write of the status to the 2xx answer',
    deliveryBuckets,
  );
  const notNotified = counter(
    'not_notified_total',
    'Statuses that needed no notification',
    ['reason'],
    knownLabels.notNotified,
  );
  const inFlight = gauge('in_flight', 'Calls running now');
  const breakersOpen = gauge('breakers_open', 'Endpoints whose breaker is open');
  const reopened = counter(
    'stream_reopened_total',
    'Times the change stream was reopened',
    ['cause'],
    [],
  );
  const gaps = counter('gaps_total', 'Time spans for which the stream could not be read', [], [{}]);
  const recordFailures = counter(
    'record_failures_total',
    'Records that MongoDB permanently refused',
    ['code'],
    [],
  );
  const unreadableRows = counter(
    'unreadable_rows_total',
    "Rows of the worker's own that can't be read",
    ['collection'],
    knownLabels.collections,
  );
  const httpThreadsEnded = counter(
    'http_threads_ended_total',
    'Threads making calls that ended unexpectedly',
    ['cause'],
    knownLabels.threadEnds,
  );
  const routeLookups = counter(
    'route_lookups_total',
    'Route lookups, by how they were answered',
    ['result'],
    knownLabels.lookups,
  );
  const ofProcess = createProcessMetrics(registry);
  const buildInfo = gauge('build_info', 'Version of the worker and of Node', ['version', 'node']);
  buildInfo.set({ version, node: process.versions.node }, 1);
  const leaseHeld = gauge('lease_held', 'Whether this worker holds the lease', ['partition']);
  leaseHeld.set({ partition: '0' }, 0);
  const held = new Set<string>();
  /** Of the partitions that are held. */
  const savedAtMs = new Map<string, number>();
  let streamAtMs: number | null = null;
  let figures: LastRead = {
    retriesPending: null,
    retriesBlocked: null,
    oldestOverdueSeconds: null,
    endpointsDisabled: null,
    checkpointAt: null,
    oldestOplogEntryAt: null,
  };
  derived('retries_pending', 'Notifications in durable state', () => figures.retriesPending);
  derived(
    'retries_blocked',
    'Notifications in durable state whose endpoint is disabled or has an open breaker',
    () => figures.retriesBlocked,
  );
  derived(
    'retries_oldest_overdue_seconds',
    'How long the oldest retry that is not blocked has been due',
    () => figures.oldestOverdueSeconds,
  );
  derived('endpoints_disabled', 'Endpoints that are disabled', () => figures.endpointsDisabled);
  derived('stream_lag_seconds', 'Age of the newest event read from the stream', () =>
    held.size > 0 && streamAtMs !== null ? secondsSince(streamAtMs) : null,
  );
  derived('checkpoint_lag_seconds', 'Age of the checkpoint', () =>
    figures.checkpointAt === null ? null : secondsSince(figures.checkpointAt.getTime()),
  );
  derived('oplog_headroom_seconds', 'Time from the oldest oplog entry to the checkpoint', () => {
    const { checkpointAt, oldestOplogEntryAt } = figures;
    if (checkpointAt === null || oldestOplogEntryAt === null) return null;
    return (checkpointAt.getTime() - oldestOplogEntryAt.getTime()) / 1000;
  });
  const secondsSince = (atMs: number): number => Math.max(0, (now() - atMs) / 1000);
  let ofTopic: TopicMetrics | null = null;
  let ofTraces: TraceMetrics | null = null;

  return {
    notificationEnded: (state, reason) => notifications.inc({ state, reason }),
    notNotified: (reason) => notNotified.inc({ reason }),
    attempted(outcome) {
      attempts.inc({ outcome: outcomeClassOf(outcome) });
      attemptDuration.observe(outcome.durationMs / 1000);
    },
    delivered: (seconds) => statusToResponse.observe(Math.max(0, seconds)),
    inFlight: (count) => inFlight.set(count),
    breakersOpen: (count) => breakersOpen.set(count),
    streamRead({ empty, wallTime }) {
      streamAtMs = Math.max(streamAtMs ?? 0, empty ? now() : wallTime.getTime());
    },
    streamReopened: (cause) => reopened.inc({ cause }),
    gapFound: () => gaps.inc(),
    checkpointAt(partition, wallTime) {
      savedAtMs.set(partition, wallTime.getTime());
      figures = { ...figures, checkpointAt: new Date(Math.min(...savedAtMs.values())) };
    },
    recordFailed: (code) => recordFailures.inc({ code }),
    rowUnreadable: (collection) => unreadableRows.inc({ collection }),
    httpThreadEnded: (cause) => httpThreadsEnded.inc({ cause }),
    leaseHeld(partition, isHeld) {
      leaseHeld.set({ partition }, isHeld ? 1 : 0);
      if (held.size === 0) streamAtMs = null;
      if (isHeld) held.add(partition);
      else held.delete(partition);
      if (!isHeld) savedAtMs.delete(partition);
    },
    routeLookup: (result) => routeLookups.inc({ result }),
    stateRead(read) {
      // The lease holder knows better: it sees every save, and this read may be older.
      const own = held.size > 0 && { checkpointAt: figures.checkpointAt };
      figures = { ...figures, ...read, ...own };
      // What was read is the change stream's, which stands still.
      if (ofTopic !== null && held.size === 0) figures = { ...figures, checkpointAt: null };
    },
    topic() {
      if (ofTopic === null) figures = { ...figures, checkpointAt: null };
      return (ofTopic ??= createTopicMetrics(registry, now));
    },
    traces: () => (ofTraces ??= createTraceMetrics(registry)),
    watchProcess: ofProcess.watch,
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

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

/** The label values that are known from the start. */
const knownLabels = {
  ends: [
    { state: 'delivered', reason: '' },
    ...Object.keys(failed).map((reason) => ({ state: 'failed', reason })),
    ...Object.keys(skipped).map((reason) => ({ state: 'skipped', reason })),
  ],
  outcomes: outcomeClasses.map((outcome) => ({ outcome })),
  notNotified: ['not_opted_in', 'filtered_status', 'document_gone', 'duplicate'].map((reason) => ({
    reason,
  })),
  collections: ['checkpoints', 'retries', 'sent', 'endpoints', 'gaps', 'leases', 'jobs'].map(
    (name) => ({ collection: `notify_on_delivery_${name}` }),
  ),
  threadEnds: ['error', 'out_of_memory', 'hung', 'exited'].map((cause) => ({ cause })),
  lookups: ['hit', 'miss', 'stale', 'error'].map((result) => ({ result })),
} as const;
