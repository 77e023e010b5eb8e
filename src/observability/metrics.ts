import { Counter, Gauge, Histogram, Registry, type LabelValues } from 'prom-client';
import type { AttemptOutcome } from '../domain/attempt.ts';
import type { Metrics } from '../pipeline/ports.ts';
import { knownLabels } from './knownLabels.ts';

/** What the worker's collections and the oplog say; the same whichever worker reads it. */
export interface StateFigures {
  readonly retriesPending: number;
  readonly oldestOverdueSeconds: number;
  readonly endpointsDisabled: number;
  /** Null when none is saved. */
  readonly checkpointAt: Date | null;
  /** Null when it can't be told. */
  readonly oldestOplogEntryAt: Date | null;
}

/** Null also for what has not been read yet. */
type LastRead = { readonly [Name in keyof StateFigures]: StateFigures[Name] | null };

export interface PrometheusMetrics extends Metrics {
  /** What was read just now; what is left out stays as it was. */
  stateRead(figures: Partial<StateFigures>): void;
  /** The Prometheus text exposition. */
  text(): Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'notify_on_delivery_';
/** Seconds: from a fast local answer to the longest a request may take by default. */
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];
/** Seconds: from at once to after the last retry of the default schedule. */
const deliveryBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 36_000];

/**
 * Every series whose labels are known exists from the start, so that a rate over it is never absent. Only
 * what would be a lie as 0, a lag or a count of rows that nobody has read yet, is absent until it is known.
 * `now`, in milliseconds, is of the clock that the times told go by, which is MongoDB's.
 */
export function createMetrics(now = (): number => Date.now()): PrometheusMetrics {
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
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: PREFIX + name, help, registers: [registry] });
  /** Worked out when it is asked for; absent while that gives null. */
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
    'Notifications that ended, by how',
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
    'From the write of the status to the 2xx answer',
    deliveryBuckets,
  );
  const notNotified = counter(
    'not_notified_total',
    'Statuses that never became a notification',
    ['reason'],
    knownLabels.notNotified,
  );
  const inFlight = gauge('in_flight', 'Calls running now');
  const breakersOpen = gauge('breakers_open', 'Endpoints that are spared for failing too often');
  const reopened = counter('stream_reopened_total', 'Reopenings of the stream', ['cause'], []);
  const gaps = counter('gaps_total', 'Spans the stream could not be read for', [], [{}]);
  const recordFailures = counter('record_failures_total', 'Records that never fit', ['code'], []);
  const unreadableRows = counter(
    'unreadable_rows_total',
    "Rows of the worker's own that can't be read",
    ['collection'],
    knownLabels.collections,
  );
  const routeLookups = counter(
    'route_lookups_total',
    'Questions to the route cache',
    ['result'],
    knownLabels.lookups,
  );
  // prom-client's own metrics of the process have other names, and watch the event loop all the time.
  const cpuSeconds = new Counter({
    name: `${PREFIX}process_cpu_seconds_total`,
    help: 'CPU time of the process',
    registers: [],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1_000_000);
    },
  });
  registry.registerMetric(cpuSeconds);
  derived('process_resident_memory_bytes', 'Memory of the process', () =>
    process.memoryUsage.rss(),
  );
  const startedAtSeconds = Date.now() / 1000 - process.uptime();
  derived('process_start_time_seconds', 'When the process began', () => startedAtSeconds);
  const leaseHeld = new Gauge({
    name: `${PREFIX}lease_held`,
    help: 'Whether this worker holds the lease',
    labelNames: ['partition'],
    registers: [registry],
  });
  leaseHeld.set({ partition: '0' }, 0);
  let isHeld = false;
  let streamAtMs: number | null = null;
  let figures: LastRead = {
    retriesPending: null,
    oldestOverdueSeconds: null,
    endpointsDisabled: null,
    checkpointAt: null,
    oldestOplogEntryAt: null,
  };
  derived('retries_pending', 'Notifications in durable state', () => figures.retriesPending);
  derived(
    'retries_oldest_overdue_seconds',
    'How long the oldest retry that is due has been due',
    () => figures.oldestOverdueSeconds,
  );
  derived(
    'endpoints_disabled',
    'Endpoints that are not called any more',
    () => figures.endpointsDisabled,
  );
  derived('stream_lag_seconds', 'Age of the newest thing read from the stream', () =>
    isHeld && streamAtMs !== null ? secondsSince(streamAtMs) : null,
  );
  derived('checkpoint_lag_seconds', 'Age of the checkpoint', () =>
    figures.checkpointAt === null ? null : secondsSince(figures.checkpointAt.getTime()),
  );
  derived('oplog_headroom_seconds', 'From the oldest oplog entry to the checkpoint', () => {
    const { checkpointAt, oldestOplogEntryAt } = figures;
    if (checkpointAt === null || oldestOplogEntryAt === null) return null;
    return (checkpointAt.getTime() - oldestOplogEntryAt.getTime()) / 1000;
  });
  const secondsSince = (atMs: number): number => Math.max(0, (now() - atMs) / 1000);

  return {
    notificationEnded: (state, reason) => notifications.inc({ state, reason }),
    notNotified: (reason) => notNotified.inc({ reason }),
    attempted(outcome) {
      attempts.inc({ outcome: labelOf(outcome) });
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
    checkpointAt(wallTime) {
      figures = { ...figures, checkpointAt: wallTime };
    },
    recordFailed: (code) => recordFailures.inc({ code }),
    rowUnreadable: (collection) => unreadableRows.inc({ collection }),
    leaseHeld(held) {
      leaseHeld.set({ partition: '0' }, held ? 1 : 0);
      isHeld = held;
      streamAtMs = null;
    },
    routeLookup: (result) => routeLookups.inc({ result }),
    stateRead(read) {
      // Who has the lease knows better: it was told of every save, and this read may be older.
      const own = isHeld && { checkpointAt: figures.checkpointAt };
      figures = { ...figures, ...read, ...own };
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/**
 * The class of the answer, or what went wrong instead. A status that HTTP does not know counts as 5xx, as
 * RFC 9110, section 15, would have it.
 */
function labelOf(outcome: AttemptOutcome): string {
  if (outcome.kind === 'unanswered') return outcome.error;
  const { statusCode, error } = outcome;
  if (statusCode >= 200 && statusCode < 600) return `${Math.floor(statusCode / 100)}xx`;
  return error ?? '5xx';
}
