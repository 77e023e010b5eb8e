import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import { openMysql, openRoutes, openSender } from './connections.ts';
import { createChangeSource } from './mongo/changeSource.ts';
import { createCheckpointStore } from './mongo/checkpointStore.ts';
import { createGapStore } from './mongo/gapStore.ts';
import { keepIndexes } from './mongo/keepIndexes.ts';
import { createLeaseStore } from './mongo/leaseStore.ts';
import { openMongo, type MongoConnection } from './mongo/connect.ts';
import { createEndpointStore } from './mongo/endpointStore.ts';
import { createLedger } from './mongo/ledger.ts';
import { createOutcomeStore } from './mongo/outcomeStore.ts';
import { preflight } from './mongo/preflight.ts';
import { createRetryStore } from './mongo/retryStore.ts';
import { createServerClock, type WatchedServerClock } from './mongo/serverClock.ts';
import { createSmsStore } from './mongo/smsStore.ts';
import { createStateReaders } from './mongo/stateReaders.ts';
import { createUnreadableRows, type TellUnreadable } from './mongo/unreadableRows.ts';
import { createRouteCache } from './mysql/routeCache.ts';
import type { QueryFile, RouteQuery } from './mysql/routeQuery.ts';
import { checkAtStart } from './mysql/startUp.ts';
import { createHealth, type Health } from './observability/health.ts';
import { createMetrics, type PrometheusMetrics } from './observability/metrics.ts';
import { startProbeServer } from './observability/probeServer.ts';
import { createStateSampler, type StateSampler } from './observability/stateSampler.ts';
import { untilReady, watchDatabase } from './observability/watchDatabase.ts';
import { createLanes } from './pipeline/lanes.ts';
import { runPipeline, type PipelineDeps } from './pipeline/pipeline.ts';
import type { WebhookSender } from './pipeline/ports.ts';
import { workUnderLease } from './pipeline/workUnderLease.ts';
import { anyOf, delay, Stopping } from './runtime/abort.ts';
import type { Logger } from './runtime/logger.ts';
import { createTeardown, type Teardown } from './runtime/teardown.ts';
import { createTimeZone } from './runtime/timeZone.ts';

export interface WorkerOptions {
  readonly logger: Logger;
  readonly version: string;
  /** Aborted to stop: nothing new is started, what runs is finished. */
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
  const metrics = createMetrics(clock.now);
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
    if (!(error instanceof Stopping)) throw error;
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
  const { uri, ca, poolSize } = config.mysql;
  const client = openMysql({ uri, ca: ca?.text ?? null, poolSize, logger }, teardown);
  const { maxInFlight } = config.limits;
  return {
    mongo,
    routeQuery: openRoutes(config, { client, alternative }),
    sender: openSender(config, { maxInFlight, version, now: clock.now }, teardown),
  };
}

/** The worker's main job, from the first answer of MongoDB until it is told to stop. */
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
  await workUnderLease({
    ...frame,
    leases: createLeaseStore({ leases, checkpoints, owner, ttlMs, unreadable }),
    ttlMs,
    async work({ lease, stopping: termStopping, isHeld, giveUp, handOver }) {
      const term = { ...frame, stopping: termStopping };
      const holder = { owner, epoch: lease.epoch, collectionUuid, unreadable };
      const deps = pipelineDeps(term, connections, holder);
      const onFenced = (): void => giveUp('its checkpoint was written by another, or turned back');
      await runPipeline({ ...deps, endpoints, isHeld, onFenced, handOver });
      frame.metrics.breakersOpen(0);
    },
  });
  await Promise.all([watching, refreshing, indexing]);
}

/**
 * Changes under way for each call that may be. Until a lane is known for a slow one, which takes half a second, its
 * news must not fill half of the window: at 1,000 statuses a second to one endpoint that answers after 10 s the
 * others' p99 was 640 ms with twice as many, 60 ms with three times, for 8 MB.
 */
const WINDOW_FACTOR = 3;

/** One term's worth of parts: nothing of them outlives the lease but the writes of calls that still run. */
function pipelineDeps(
  frame: Frame,
  { mongo, routeQuery, sender }: Connections,
  {
    owner,
    epoch,
    collectionUuid,
    unreadable,
  }: Readonly<{
    owner: string;
    epoch: number;
    collectionUuid: unknown;
    unreadable: TellUnreadable;
  }>,
): Omit<PipelineDeps, 'endpoints' | 'isHeld' | 'onFenced' | 'handOver'> {
  const { config, logger, metrics, clock, stopping, abandoned } = frame;
  const { sms, state } = mongo;
  const { retries } = state;
  const { uuidRepresentation } = config.mongodb;
  const { notify, call, limits, routeCache } = config;
  const ledger = createLedger(state.sent, { ...notify, clock });
  const watched = { namespace: sms.namespace, collectionUuid };
  // Longer than a question takes that is given up, or nothing would be learnt from it.
  const routePatienceMs = config.mysql.timeoutMs + 5_000;
  const windowLimit = Math.max(500, WINDOW_FACTOR * limits.maxInFlight);
  return {
    ...frame,
    source: createChangeSource(sms, { uuidRepresentation, forReading: mongo.forReading }),
    checkpoints: createCheckpointStore(
      state.checkpoints,
      watched,
      { owner, epoch },
      {
        earliest: () => new Date(clock.now() - notify.rememberMs + notify.sweepMarginMs),
        unreadable,
      },
    ),
    sms: createSmsStore({ sms, state, uuidRepresentation, logger, signal: stopping }),
    outcomes: createOutcomeStore({ sms, ledger, retries, logger, metrics, signal: abandoned }),
    retries: createRetryStore({
      retries,
      ledger,
      clock,
      workerId: owner,
      claimMs:
        call.requestTimeoutMs + longestQuickMs(call.quickRetriesMs) + routePatienceMs + 5_000,
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
    lanes: createLanes({
      ...limits,
      newsLimit: windowLimit / 2,
      breaker: { threshold: limits.breakerThreshold, cooldownMs: limits.breakerCooldownMs },
      onInFlight: metrics.inFlight,
      onBreakersOpen: metrics.breakersOpen,
    }),
    zone: createTimeZone(call.payloadTimeZone),
    deliveryStatuses: new Set(notify.deliveryStatuses),
    maxStatusAgeMs: notify.maxStatusAgeMs,
    recordSkips: notify.recordSkips,
    schedule: call,
    giveUpAfterMs: call.giveUpAfterMs,
    routeCacheTtlMs: routeCache.ttlMs,
    routePatienceMs,
    gaps: createGapStore({
      sms,
      gaps: state.gaps,
      uuidRepresentation,
      clock,
      rememberMs: notify.rememberMs,
      marginMs: notify.sweepMarginMs,
      unreadable,
      signal: stopping,
    }),
    marginMs: notify.sweepMarginMs,
    startAt: notify.startAt,
    windowLimit,
    random: Math.random,
  };
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

/** The longest wait before a quick retry, stretched: a claim holds through it. */
function longestQuickMs(quickRetriesMs: readonly number[]): number {
  return 1.2 * Math.max(0, ...quickRetriesMs);
}
