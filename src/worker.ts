import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import { openMysql, openRoutes, openSender } from './connections.ts';
import { createEndpointQueues } from './endpoints/queues.ts';
import { watchBreakers } from './endpoints/watchBreakers.ts';
import { createBreakerViews } from './mongo/breakers.ts';
import { createChangeSource } from './mongo/changeStream.ts';
import { createCheckpointStore } from './mongo/checkpoints.ts';
import { openMongo, type MongoConnection } from './mongo/connect.ts';
import { createEndpointStore } from './mongo/endpoints.ts';
import { createGapStore } from './mongo/gaps.ts';
import { keepIndexes } from './mongo/indexes.ts';
import { createLeaseStore, createStandbyStore } from './mongo/leases.ts';
import { createLedger } from './mongo/ledger.ts';
import { createLookups } from './mongo/lookups.ts';
import { createOutcomeStore } from './mongo/outcomes.ts';
import { preflight } from './mongo/preflight.ts';
import { createRetryStore } from './mongo/retryStore.ts';
import { createServerClock, type WatchedServerClock } from './mongo/serverClock.ts';
import { createUnreadableRows, type ReportUnreadable } from './mongo/storedRow.ts';
import { createStateReaders } from './mongo/workerState.ts';
import { createRouteCache } from './mysql/routeCache.ts';
import { checkAtStart, type QueryFile, type RouteQuery } from './mysql/routeQuery.ts';
import { createNotifyContext } from './notify/context.ts';
import { createHealth, type Health } from './observability/health.ts';
import { createMetrics, type PrometheusMetrics } from './observability/metrics.ts';
import { startProbeServer } from './observability/probeServer.ts';
import { createStateSampler, type StateSampler } from './observability/stateSampler.ts';
import { untilReady, watchDatabase } from './observability/watchDatabase.ts';
import { runPipeline, type PipelineParts } from './pipeline.ts';
import type { BreakerViews, EndpointStore } from './ports/endpoints.ts';
import type { WebhookSender } from './ports/notify.ts';
import type { Partition } from './ports/source.ts';
import { anyOf, delay, ignoreStopping, Stopping } from './runtime/abort.ts';
import { createBusyLoop } from './runtime/busyLoop.ts';
import type { Logger } from './runtime/logger.ts';
import { createTeardown, type Teardown } from './runtime/teardown.ts';
import { createTimeZone } from './runtime/timeZone.ts';
import { LEASE_MARGIN, type LeaseTerm } from './source/lease.ts';
import { createLeasedPartition, type TermStores } from './source/leasedPartition.ts';

export interface WorkerOptions {
  readonly logger: Logger;
  readonly version: string;
  /** Aborted to stop: nothing new starts, what runs is finished. */
  readonly stopping: AbortSignal;
  /** Aborted when what runs can't be waited for any longer. */
  readonly abandoned: AbortSignal;
  /** The shipped query for the other shape of the account settings, to be advised where it fits. */
  readonly alternativeQuery: QueryFile;
}

/** What every part of the worker is given. */
interface Frame extends WorkerOptions {
  readonly config: Config;
  readonly health: Health;
  readonly metrics: PrometheusMetrics;
  readonly sampler: StateSampler;
  readonly clock: WatchedServerClock;
}

/** What is open while the worker runs. */
interface Connections {
  readonly mongo: MongoConnection;
  readonly routeQuery: RouteQuery;
  readonly sender: WebhookSender;
}

/**
 * The whole worker, from its connections to their closing. Resolves when it was stopped; rejects with a
 * `ConfigurationError` when it can't run as it is set up, with anything else for a bug.
 */
export async function runWorker(config: Config, options: WorkerOptions): Promise<void> {
  const teardown = createTeardown();
  const failed = new AbortController();
  const stopping = anyOf(options.stopping, failed.signal);
  const abandoned = anyOf(options.abandoned, failed.signal);
  const health = createHealth();
  const clock = createServerClock();
  const metrics = createMetrics(clock.now, options.version);
  const sampler = createStateSampler({ ...options, metrics, stopping });
  const frame = { ...options, config, health, metrics, sampler, clock, stopping, abandoned };
  stopping.addEventListener('abort', health.draining, { once: true });
  try {
    const httpPort = await openProbes(frame, teardown);
    options.logger.info('started', { pid: process.pid, version: options.version, httpPort });
    const connections = openConnections(frame, teardown);
    const parts = [notifyCustomers(frame, connections), watchRoutes(frame, connections)];
    try {
      await Promise.all(parts);
    } finally {
      failed.abort(new Stopping());
      await Promise.allSettled(parts);
    }
  } catch (error) {
    // The way out of a wait that the stop cut short is no failure.
    ignoreStopping(error);
  } finally {
    await teardown.run();
  }
}

/** The port the probes listen on, null for none. */
async function openProbes(frame: Frame, teardown: Teardown): Promise<number | null> {
  const { config, health, metrics, sampler } = frame;
  const { host, port } = config.http;
  if (port === null) return null;
  const server = await startProbeServer({ host, port, health, metrics, ...sampler });
  teardown.add('the probe server', server.close);
  return server.port;
}

/** Nothing here waits for a server: each connects when it is first used. */
function openConnections(frame: Frame, teardown: Teardown): Connections {
  const { config, version, logger, alternativeQuery: alternative, clock } = frame;
  const mongo = openMongo(config.mongodb, clock);
  teardown.add('the MongoDB client', mongo.close);
  const { server, poolSize } = config.mysql;
  const client = openMysql({ server, poolSize, logger }, teardown);
  const { maxInFlight } = config.limits;
  const handOverMs = LEASE_MARGIN * config.lease.ttlMs;
  const threading = { handOverMs, logger, metrics: frame.metrics };
  const calling = { maxInFlight, version, now: clock.now, threading };
  return {
    mongo,
    routeQuery: openRoutes(config, { client, alternative }),
    sender: openSender(config, calling, teardown),
  };
}

/** The worker's main job, from the first answer of MongoDB until it is stopped. */
async function notifyCustomers(frame: Frame, connections: Connections): Promise<void> {
  const { config, logger, stopping, abandoned } = frame;
  const { mongo } = connections;
  const watch = { ...frame, component: 'mongodb' } as const;
  const { collectionUuid } = await untilReady(watch, async () => {
    await mongo.connect();
    return await preflight(mongo.sms, mongo.state);
  });
  // From here on it is known what MongoDB's clock shows.
  await untilReady(watch, mongo.ping);
  const watching = watchDatabase(watch, mongo.ping);
  const { rememberMs } = config.notify;
  frame.sampler.readFrom(createStateReaders({ ...mongo, rememberMs, logger }));
  const { leases, checkpoints } = mongo.state;
  const { ttlMs } = config.lease;
  const owner = config.lease.workerId ?? `${hostname()}:${process.pid}`;
  const unreadable = createUnreadableRows(frame);
  const endpoints = createEndpointStore({
    endpoints: mongo.state.endpoints,
    logger,
    metrics: frame.metrics,
    unreadable,
    signal: abandoned,
  });
  await untilReady(watch, endpoints.load);
  const refreshing = endpoints.keepFresh(stopping);
  const indexing = keepIndexes(mongo.state, { logger, stopping });
  const partitions = createLeasedPartition({
    ...frame,
    leases: createLeaseStore({ leases, checkpoints, owner, ttlMs, unreadable }),
    standbys: createStandbyStore(leases, owner),
    ttlMs,
    startAt: config.notify.startAt,
    storesOf: (term) => openStores(frame, mongo, { ...term, owner, collectionUuid, unreadable }),
  });
  await partitions.run(async (partition) => {
    const writer = { worker: owner, epoch: partition.epoch };
    const views = createBreakerViews({ ...mongo.state, writer, logger });
    const showing = views.keepWritten(partition.stopping);
    await runPipeline(createParts(frame, connections, { partition, owner, views, endpoints }));
    frame.metrics.breakersOpen(0);
    await showing;
  }, stopping);
  await Promise.all([watching, refreshing, indexing]);
}

/** What one term reads of the stream and keeps of it: nothing of it outlives the lease. */
function openStores(
  { config, clock }: Frame,
  { sms, state, forReading }: MongoConnection,
  holder: LeaseTerm &
    Readonly<{ owner: string; collectionUuid: unknown; unreadable: ReportUnreadable }>,
): TermStores {
  const { stopping, epoch, owner, collectionUuid, unreadable } = holder;
  const { uuidRepresentation } = config.mongodb;
  const { rememberMs, sweepMarginMs: marginMs } = config.notify;
  const watched = { namespace: sms.namespace, collectionUuid };
  const earliest = (): Date => new Date(clock.now() - rememberMs + marginMs);
  const reading = { earliest, unreadable };
  return {
    source: createChangeSource(sms, { uuidRepresentation, forReading }),
    checkpoints: createCheckpointStore(state.checkpoints, watched, { owner, epoch }, reading),
    gaps: createGapStore({
      ...{ sms, gaps: state.gaps, uuidRepresentation, clock, rememberMs, marginMs, unreadable },
      signal: stopping,
    }),
  };
}

/**
 * Unacknowledged changes for each possible call. It takes half a second until a queue is known to be slow, and until
 * then its fresh notifications must not fill half of what may be unacknowledged: at 1,000 statuses a second to one
 * endpoint that answers after 10 s, the p99 of the others was 640 ms with a factor of two and 60 ms with three, for 8
 * MB.
 */
const UNACKED_PER_CALL = 3;

/** One term's worth of parts: nothing of them outlives the lease but the writes of calls that still run. */
function createParts(
  frame: Frame,
  { mongo, routeQuery, sender }: Connections,
  holder: Readonly<{
    partition: Partition;
    owner: string;
    views: BreakerViews;
    endpoints: EndpointStore;
  }>,
): PipelineParts {
  const { config, logger, metrics, clock, abandoned, health } = frame;
  const { partition, owner, views, endpoints } = holder;
  const { stopping, isHeld } = partition;
  const { sms, state } = mongo;
  const { uuidRepresentation } = config.mongodb;
  const { notify, call, limits, routeCache } = config;
  const ledger = createLedger(state.sent, { ...notify, clock });
  // Longer than a question takes that is given up, or nothing would be learnt from it.
  const routePatienceMs = config.mysql.timeoutMs + 5_000;
  // A claim holds through the wait before a quick retry, which may be stretched.
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
    sms: createLookups({ sms, state, uuidRepresentation, logger, signal: stopping }),
    outcomes: createOutcomeStore({
      ...{ ...state, sms, ledger, logger, metrics },
      areSlotsAwaited: () => queues.isAwaited,
      signal: abandoned,
    }),
    recordSkips: notify.recordSkips,
    responseLimitBytes: call.responseLimitBytes,
    retries: createRetryStore({
      ...{ ledger, clock, retries: state.retries, workerId: owner },
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
  return { ctx, partition, health, maxUnacked, marginMs: notify.sweepMarginMs };
}

/**
 * Starts beside the pipeline, not before it: while MySQL is away the statuses that arrive must already
 * be read, or a first start would begin after them.
 */
async function watchRoutes(frame: Frame, { routeQuery }: Connections): Promise<void> {
  const { stopping } = frame;
  const watch = { ...frame, component: 'mysql' } as const;
  await untilReady(watch, () => checkAtStart(routeQuery, stopping));
  await watchDatabase(watch, () => routeQuery.watch(stopping));
}
