import type { Config } from '../config/config.ts';
import { createEndpointQueues } from './endpoints/queues.ts';
import { watchBreakers } from './endpoints/watchBreakers.ts';
import { createChangeSource } from './mongo/changeStream.ts';
import { createCheckpointStore } from './mongo/checkpoints.ts';
import type { MongoConnection } from './mongo/connect.ts';
import { createGapStore } from './mongo/gaps.ts';
import { createLedger } from './mongo/ledger.ts';
import { createLookups } from './mongo/lookups.ts';
import { createOutcomeStore } from './mongo/outcomes.ts';
import { createRetryStore } from './mongo/retryStore.ts';
import type { WatchedServerClock } from './mongo/serverClock.ts';
import type { ReportUnreadable } from './mongo/storedRow.ts';
import { createRouteCache } from './mysql/routeCache.ts';
import type { QueryFile, RouteQuery } from './mysql/routeQuery.ts';
import { createNotifyContext } from './notify/context.ts';
import type { EndpointCounts } from './observability/endpointCounts.ts';
import type { Health } from './observability/health.ts';
import type { PrometheusMetrics } from './observability/metrics.ts';
import type { StateSampler } from './observability/stateSampler.ts';
import type { SystemdSocket } from './observability/systemdNotify.ts';
import type { Work } from './pipeline.ts';
import type { BreakerViews, EndpointStore } from './ports/endpoints.ts';
import type { WebhookSender } from './ports/notify.ts';
import type { Partitioning } from './ports/partitioning.ts';
import type { GapStore, Standbys } from './ports/source.ts';
import type { Tracing } from './ports/tracing.ts';
import { delay } from './runtime/abort.ts';
import { createBusyLoop } from './runtime/busyLoop.ts';
import type { Logger } from './runtime/logger.ts';
import { createTimeZone } from './runtime/timeZone.ts';
import type { LeaseTerm } from './source/lease.ts';
import { scanGaps } from './source/gapScan.ts';
import type { TermStores } from './source/leasedPartition.ts';
import { createReadLimits } from './source/readLoop.ts';

export interface WorkerOptions {
  readonly logger: Logger;
  readonly version: string;
  /** Aborted to stop: nothing new starts, and running work is finished. */
  readonly stopping: AbortSignal;
  /** Aborted when running work can't be waited for any longer. */
  readonly abandoned: AbortSignal;
  /** The shipped query for the other shape of the account settings, suggested if it fits. */
  readonly alternativeQuery: QueryFile;
  /** Where systemd waits for messages, if it does. */
  readonly systemd?: SystemdSocket | null;
}

/** What every part of the worker gets. */
export interface Frame extends WorkerOptions {
  readonly config: Config;
  readonly health: Health;
  readonly metrics: PrometheusMetrics;
  readonly sampler: StateSampler;
  readonly statistics: EndpointCounts;
  readonly clock: WatchedServerClock;
  readonly tracing: Tracing;
}

/** What there is from when MongoDB has first answered. */
export interface WorkerParts {
  /** This worker's name. */
  readonly owner: string;
  readonly standbys: Standbys;
  readonly endpoints: EndpointStore;
  readonly unreadable: ReportUnreadable;
  /** Of the SMS collection as it was found. */
  readonly collectionUuid: unknown;
}

/** What is open while the worker runs. */
export interface Connections {
  readonly mongo: MongoConnection;
  readonly routeQuery: RouteQuery;
  readonly sender: WebhookSender;
}

/** What one term reads and stores of the stream. None of it outlives the lease. */
export function openStores(
  frame: Frame,
  { sms, state, forReading }: MongoConnection,
  holder: LeaseTerm &
    Readonly<{ owner: string; collectionUuid: unknown; unreadable: ReportUnreadable }>,
): TermStores {
  const { stopping, epoch, owner, collectionUuid, unreadable } = holder;
  const { uuidRepresentation } = frame.config.mongodb;
  const watched = { namespace: sms.namespace, collectionUuid };
  const reading = { earliest: earliestOf(frame), unreadable };
  return {
    source: createChangeSource(sms, { uuidRepresentation, forReading }),
    checkpoints: createCheckpointStore(state.checkpoints, watched, { owner, epoch }, reading),
    gaps: openGaps(frame, { sms, state }, { stopping, unreadable }),
  };
}

/** Statuses from then on are known to have been notified. */
export function earliestOf({ config, clock }: Frame): () => Date {
  const { rememberMs, sweepMarginMs } = config.notify;
  return () => new Date(clock.now() - rememberMs + sweepMarginMs);
}

/** @param holder `stopping`: aborted when the search is to end */
export function openGaps(
  { config, clock }: Frame,
  { sms, state }: Pick<MongoConnection, 'sms' | 'state'>,
  { stopping, unreadable }: Readonly<{ stopping: AbortSignal; unreadable: ReportUnreadable }>,
): GapStore {
  const { uuidRepresentation } = config.mongodb;
  const { rememberMs, sweepMarginMs: marginMs } = config.notify;
  return createGapStore({
    ...{ sms, gaps: state.gaps, uuidRepresentation, clock, rememberMs, marginMs, unreadable },
    signal: stopping,
  });
}

/**
 * Unacknowledged changes for each possible call. It takes half a second to recognise a slow queue. Until then, its
 * fresh notifications must not fill half of the unacknowledged changes. At 1,000 statuses a second to one endpoint that
 * answers after 10 s, the p99 of the others was 640 ms with a factor of two. A factor of three made it 60 ms, for 8 MB.
 */
const UNACKED_PER_CALL = 3;

/** Only the writes of calls that are still running outlive `stopping`. */
export function createWork(
  frame: Frame,
  { mongo, routeQuery, sender }: Connections,
  holder: Readonly<{
    stopping: AbortSignal;
    isHeld: () => boolean;
    owner: string;
    views: BreakerViews;
    endpoints: EndpointStore;
    /** By which retries are shared out among workers. */
    partitioning?: Partitioning;
  }>,
): Work {
  const { config, logger, metrics, statistics, clock, tracing, abandoned, health } = frame;
  const { stopping, isHeld, owner, views, endpoints, partitioning } = holder;
  const { sms, state } = mongo;
  const { uuidRepresentation } = config.mongodb;
  const { notify, call, limits, routeCache } = config;
  const ledger = createLedger(state.sent, { ...notify, clock });
  // Longer than a query takes to time out, or its result would be missed.
  const routePatienceMs = config.mysql.timeoutMs + 5_000;
  // A claim holds during the wait before a quick retry, which may be extended.
  const quickWaitMs = 1.2 * Math.max(0, ...call.quickRetriesMs);
  const maxUnacked = Math.max(500, UNACKED_PER_CALL * limits.maxInFlight);
  const queues = createEndpointQueues({
    ...limits,
    freshLimit: maxUnacked / 2,
    isBusy: createBusyLoop(),
    breaker: { threshold: limits.breakerThreshold, cooldownMs: limits.breakerCooldownMs },
    onInFlight: metrics.inFlight,
    onBreakersOpen: metrics.breakersOpen,
    breakerWatcher: watchBreakers({ views, clock, logger }),
  });
  const ctx = createNotifyContext({
    policy: {
      deliveryStatuses: new Set(notify.deliveryStatuses),
      maxStatusAgeMs: notify.maxStatusAgeMs,
      giveUpAfterMs: call.giveUpAfterMs,
      schedule: call,
      zone: createTimeZone(call.payloadTimeZone),
      routePatienceMs,
      routeCacheTtlMs: routeCache.ttlMs,
    },
    term: { stopping, abandoned, isHeld },
    clock,
    random: Math.random,
    logger,
    metrics,
    statistics,
    tracing,
    sms: createLookups({ sms, state, uuidRepresentation, logger, signal: stopping }),
    outcomes: createOutcomeStore({
      ...{ ...state, sms, ledger, logger, metrics },
      areSlotsAwaited: () => queues.isAwaited,
      signal: abandoned,
    }),
    recordSkips: notify.recordSkips,
    responseLimitBytes: call.responseLimitBytes,
    retries: createRetryStore({
      ...{ ledger, clock, retries: state.retries, workerId: owner, partitioning },
      claimMs: call.requestTimeoutMs + quickWaitMs + routePatienceMs + 5_000,
      logger,
      metrics,
      signal: abandoned,
    }),
    routes: createRouteCache({
      ...routeCache,
      size: routeCache.maxEntries,
      lookup: routeQuery.run,
      check: routeQuery.check,
      slots: config.mysql.poolSize,
      usesDeliveryStatus: routeQuery.usesDeliveryStatus,
      metrics,
      logger,
      delay,
    }),
    sender,
    endpoints,
    queues,
  });
  const scan = { marginMs: notify.sweepMarginMs, zone: ctx.policy.zone, logger };
  return {
    ...{ ctx, health },
    limits: createReadLimits(maxUnacked, queues),
    chores: async (partition, processFound) =>
      await scanGaps({ ...scan, partition, processChange: processFound }),
  };
}
