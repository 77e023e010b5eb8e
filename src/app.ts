import { setMaxListeners } from 'node:events';
import type { Config } from '../config/config.ts';
import { createWebhookSender } from './http/webhookSender.ts';
import { createChangeSource } from './mongo/changeSource.ts';
import { createCheckpointStore } from './mongo/checkpointStore.ts';
import { openMongo, type MongoConnection } from './mongo/connect.ts';
import { createLedger } from './mongo/ledger.ts';
import { createOutcomeStore } from './mongo/outcomeStore.ts';
import { preflight } from './mongo/preflight.ts';
import { createSmsStore } from './mongo/smsStore.ts';
import { createMysqlClient } from './mysql/connect.ts';
import { createRouteCache } from './mysql/routeCache.ts';
import type { QueryFile, RouteQuery } from './mysql/routeQuery.ts';
import { checkAtStart, openRouteQuery } from './mysql/startUp.ts';
import { createHealth, type Health } from './observability/health.ts';
import { createMetrics, type PrometheusMetrics } from './observability/metrics.ts';
import { startProbeServer } from './observability/probeServer.ts';
import { untilReady, watchDatabase } from './observability/watchDatabase.ts';
import { createLanes } from './pipeline/lanes.ts';
import { runPipeline } from './pipeline/pipeline.ts';
import type { WebhookSender } from './pipeline/ports.ts';
import { delay, Stopping } from './runtime/abort.ts';
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
  const stopping = AbortSignal.any([options.stopping, failed.signal]);
  const abandoned = AbortSignal.any([options.abandoned, failed.signal]);
  // Everything under way listens, which is far more than Node takes for a leak.
  setMaxListeners(0, stopping, abandoned);
  const health = createHealth();
  const metrics = createMetrics();
  const frame = { ...options, config, health, metrics, stopping, abandoned };
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
  const { config, health, metrics } = frame;
  const { host, port } = config.http;
  if (port === null) return null;
  const server = await startProbeServer({ host, port, health, metrics });
  teardown.add('the probe server', server.close);
  return server.port;
}

/** Nothing here waits for a server: each connects when it is first used. */
function openConnections(frame: Frame, teardown: Teardown): Connections {
  const { config, version, alternativeQuery } = frame;
  const mongo = openMongo(config.mongodb);
  teardown.add('the MongoDB client', mongo.close);
  const mysql = createMysqlClient({
    uri: config.mysql.uri,
    poolSize: config.mysql.poolSize,
    connectTimeoutMs: 5_000,
    ca: config.mysql.ca?.text,
  });
  teardown.add('the MySQL client', mysql.close);
  const { text, path } = config.mysql.routeQuery;
  const alternative = alternativeQuery;
  const routeQuery = openRouteQuery({ client: mysql, text, file: path, alternative });
  const sender = createWebhookSender({
    requestTimeoutMs: config.call.requestTimeoutMs,
    connectTimeoutMs: config.call.connectTimeoutMs,
    responseLimitBytes: config.call.responseLimitBytes,
    maxInFlight: config.limits.maxInFlight,
    userAgent: `notify-on-delivery/${version}`,
    clock: { now: () => new Date() },
  });
  teardown.add('the HTTP connections', sender.close);
  return { mongo, routeQuery, sender };
}

/** The worker's main job, from the first answer of MongoDB until it is told to stop. */
async function notifyCustomers(frame: Frame, connections: Connections): Promise<void> {
  const { config, logger, metrics, stopping, abandoned } = frame;
  const { mongo, routeQuery, sender } = connections;
  const watch = { ...frame, component: 'mongodb' } as const;
  const { collectionUuid } = await untilReady(watch, () => preflight(mongo.sms, mongo.state));
  const watching = watchDatabase(watch, mongo.ping);
  const { sms, state } = mongo;
  const { notify, call, limits, routeCache } = config;
  const ledger = createLedger(state.sent, notify);
  await runPipeline({
    ...frame,
    source: createChangeSource(sms),
    checkpoints: createCheckpointStore(state.checkpoints, {
      namespace: sms.namespace,
      collectionUuid,
    }),
    sms: createSmsStore({ sms, ledger, logger, signal: stopping }),
    outcomes: createOutcomeStore({ sms, ledger, logger, metrics, signal: abandoned }),
    routes: createRouteCache({
      ...routeCache,
      size: routeCache.maxEntries,
      lookup: routeQuery.run,
      usesDeliveryStatus: routeQuery.usesDeliveryStatus,
      metrics,
      logger,
      delay,
    }),
    sender,
    lanes: createLanes({ ...limits, onInFlight: metrics.inFlight }),
    zone: createTimeZone(call.payloadTimeZone),
    deliveryStatuses: new Set(notify.deliveryStatuses),
    maxStatusAgeMs: notify.maxStatusAgeMs,
    recordSkips: notify.recordSkips,
    quickRetriesMs: call.quickRetriesMs,
    windowLimit: Math.max(2_000, 4 * limits.maxInFlight),
    random: Math.random,
  });
  await watching;
}

/**
 * Starts beside the pipeline, not before it: while MySQL is away the statuses that arrive must already
 * be read, or a first start would begin after them.
 */
async function watchRoutes(frame: Frame, { routeQuery }: Connections): Promise<void> {
  const { stopping } = frame;
  const watch = { ...frame, component: 'mysql' } as const;
  await untilReady(watch, () => checkAtStart(routeQuery, stopping));
  await watchDatabase(watch, () => routeQuery.check(stopping));
}
