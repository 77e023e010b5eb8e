import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import { openMysql, openRoutes, openSender } from './connections.ts';
import { openMongo } from './mongo/connect.ts';
import { loadKafkaClient, type LoadedClient } from './kafka/client.ts';
import { createEndpointStore } from './mongo/endpoints.ts';
import { createEndpointStatsStore } from './mongo/endpointStats.ts';
import { keepIndexes } from './mongo/indexes.ts';
import { createStandbyStore } from './mongo/leases.ts';
import { preflight } from './mongo/preflight.ts';
import { createServerClock } from './mongo/serverClock.ts';
import { createUnreadableRows } from './mongo/storedRow.ts';
import { createStateReaders } from './mongo/workerState.ts';
import { checkAtStart } from './mysql/routeQuery.ts';
import { workInGroup } from './inGroup.ts';
import { createEndpointCounts } from './observability/endpointCounts.ts';
import { createHealth } from './observability/health.ts';
import { createStatisticsWriter } from './observability/keepStatistics.ts';
import { createMetrics } from './observability/metrics.ts';
import { startProbeServer } from './observability/probeServer.ts';
import { createStateSampler } from './observability/stateSampler.ts';
import { tellSystemd } from './observability/systemdNotify.ts';
import { untilReady, watchDatabase } from './observability/watchDatabase.ts';
import { anyOf, ignoreStopping, Stopping } from './runtime/abort.ts';
import { createTeardown, type Teardown } from './runtime/teardown.ts';
import { LEASE_MARGIN } from './ports/source.ts';
import type { Connections, Frame, WorkerOptions } from './term.ts';
import { openTraces } from './traces.ts';
import { workUnderLease } from './underLease.ts';

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
  const statistics = createEndpointCounts(clock.now);
  const told = { health, metrics, sampler, statistics };
  stopping.addEventListener('abort', health.draining, { once: true });
  const { systemd: socket = null } = options;
  if (socket !== null) {
    const telling = tellSystemd({ ...options, socket, health, stopping });
    teardown.add('the messages to systemd', telling.close);
  }
  teardown.add('the watch over the process', metrics.watchProcess());
  try {
    const tracing = await openTraces(config, { ...options, metrics, now: clock.now }, teardown);
    const frame = { ...options, ...told, config, clock, stopping, abandoned, tracing };
    const httpPort = await openProbes(frame, teardown);
    options.logger.info('started', { pid: process.pid, version: options.version, httpPort });
    const client = config.kafka.brokers.length > 0 ? await loadKafkaClient() : null;
    const connections = openConnections(frame, teardown);
    const parts = [notifyCustomers(frame, connections, client), watchRoutes(frame, connections)];
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
async function notifyCustomers(
  frame: Frame,
  connections: Connections,
  client: LoadedClient | null,
): Promise<void> {
  const { config, logger, statistics, stopping, abandoned } = frame;
  const { mongo } = connections;
  const watch = { ...frame, component: 'mongodb' } as const;
  const isPartitioned = client !== null;
  const { collectionUuid } = await untilReady(watch, async () => {
    await mongo.connect();
    return await preflight(mongo.sms, mongo.state, { isPartitioned });
  });
  // From here on it is known what MongoDB's clock shows.
  await untilReady(watch, mongo.ping);
  const watching = watchDatabase(watch, mongo.ping);
  const { rememberMs } = config.notify;
  const readers = createStateReaders({ ...mongo, rememberMs, logger });
  frame.sampler.readFrom(readers);
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
  const indexing = keepIndexes(mongo.state, { logger, stopping, isPartitioned });
  const store = createEndpointStatsStore(mongo.state);
  const statisticsWriter = createStatisticsWriter({ counts: statistics, store, logger });
  const writing = statisticsWriter.keepWritten(stopping);
  const standbys = createStandbyStore(mongo.state.leases, owner);
  const parts = { owner, standbys, endpoints, unreadable, collectionUuid };
  const { checkpointAt } = readers;
  await (client === null
    ? workUnderLease(frame, connections, parts)
    : workInGroup(frame, connections, { ...parts, client, checkpointAt }));
  await statisticsWriter.writeLast(abandoned);
  await Promise.all([watching, refreshing, indexing, writing]);
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
