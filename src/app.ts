import { setMaxListeners } from 'node:events';
import type { Config } from '../config/config.ts';
import { createWebhookSender } from './http/webhookSender.ts';
import { createChangeSource } from './mongo/changeSource.ts';
import { createCheckpointStore } from './mongo/checkpointStore.ts';
import { createMongoClient } from './mongo/connect.ts';
import { createLedger } from './mongo/ledger.ts';
import { createOutcomeStore } from './mongo/outcomeStore.ts';
import { ping, preflight } from './mongo/preflight.ts';
import { createSmsStore } from './mongo/smsStore.ts';
import { stateCollections } from './mongo/stateCollections.ts';
import { createMysqlClient } from './mysql/connect.ts';
import { createRouteCache } from './mysql/routeCache.ts';
import type { QueryFile } from './mysql/routeQuery.ts';
import { checkAtStart, openRouteQuery } from './mysql/startUp.ts';
import { createHealth } from './observability/health.ts';
import { createMetrics } from './observability/metrics.ts';
import { startProbeServer } from './observability/probeServer.ts';
import { untilReady, watchDatabase } from './observability/watchDatabase.ts';
import { createLanes } from './pipeline/lanes.ts';
import { runPipeline } from './pipeline/pipeline.ts';
import { delay } from './runtime/abort.ts';
import type { Logger } from './runtime/logger.ts';
import { createTeardown } from './runtime/teardown.ts';
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

/**
 * The whole worker, from its connections to their closing. Resolves when it was stopped; rejects with a
 * `ConfigurationError` when it can't run as it is set up, with anything else for a bug.
 */
export async function runWorker(config: Config, options: WorkerOptions): Promise<void> {
  const { logger, version } = options;
  const teardown = createTeardown();
  const failed = new AbortController();
  const stopping = AbortSignal.any([options.stopping, failed.signal]);
  const abandoned = AbortSignal.any([options.abandoned, failed.signal]);
  // Everything under way listens, which is far more than Node takes for a leak.
  setMaxListeners(0, stopping, abandoned);
  try {
    const metrics = createMetrics();
    const health = createHealth();
    stopping.addEventListener('abort', health.draining, { once: true });
    let httpPort: number | null = null;
    if (config.http.port !== null) {
      const { host, port } = config.http;
      const probes = await startProbeServer({ host, port, health, metrics });
      teardown.add('the probe server', probes.close);
      httpPort = probes.port;
    }
    logger.info('started', { pid: process.pid, version, httpPort });

    const mongo = createMongoClient(config.mongodb.uri, 'notify-on-delivery');
    teardown.add('the MongoDB client', async () => {
      await mongo.close();
    });
    const mysql = createMysqlClient({
      uri: config.mysql.uri,
      poolSize: config.mysql.poolSize,
      connectTimeoutMs: 5_000,
      ca: config.mysql.ca?.text,
    });
    teardown.add('the MySQL client', mysql.close);
    const routeQuery = openRouteQuery({
      client: mysql,
      text: config.mysql.routeQuery.text,
      file: config.mysql.routeQuery.path,
      alternative: options.alternativeQuery,
    });
    const sender = createWebhookSender({
      requestTimeoutMs: config.call.requestTimeoutMs,
      connectTimeoutMs: config.call.connectTimeoutMs,
      responseLimitBytes: config.call.responseLimitBytes,
      maxInFlight: config.limits.maxInFlight,
      userAgent: `notify-on-delivery/${version}`,
      clock: { now: () => new Date() },
    });
    teardown.add('the HTTP connections', sender.close);

    const sms = mongo.db(config.mongodb.database).collection(config.mongodb.collection);
    const state = stateCollections(mongo.db(config.mongodb.stateDatabase));
    const mongodbWatch = { component: 'mongodb', health, logger, stopping } as const;
    const mysqlWatch = { component: 'mysql', health, logger, stopping } as const;

    const work = async (): Promise<void> => {
      const found = await untilReady(mongodbWatch, () => preflight(sms, state));
      const ledger = createLedger(state.sent, { rememberMs: config.notify.rememberMs });
      const watching = watchDatabase(mongodbWatch, () => ping(mongo));
      await runPipeline({
        source: createChangeSource(sms),
        checkpoints: createCheckpointStore(state.checkpoints, {
          namespace: sms.namespace,
          collectionUuid: found.collectionUuid,
        }),
        sms: createSmsStore({ sms, ledger, logger, signal: stopping }),
        outcomes: createOutcomeStore({ sms, ledger, logger, metrics, signal: abandoned }),
        routes: createRouteCache({
          lookup: routeQuery.run,
          usesDeliveryStatus: routeQuery.usesDeliveryStatus,
          ttlMs: config.routeCache.ttlMs,
          staleMs: config.routeCache.staleMs,
          size: config.routeCache.maxEntries,
          metrics,
          logger,
          delay,
        }),
        sender,
        lanes: createLanes({ ...config.limits, onInFlight: metrics.inFlight }),
        zone: createTimeZone(config.call.payloadTimeZone),
        deliveryStatuses: new Set(config.notify.deliveryStatuses),
        maxStatusAgeMs: config.notify.maxStatusAgeMs,
        recordSkips: config.notify.recordSkips,
        quickRetriesMs: config.call.quickRetriesMs,
        random: Math.random,
        logger,
        metrics,
        health,
        stopping,
        abandoned,
      });
      await watching;
    };
    const askRoutes = async (): Promise<void> => {
      await untilReady(mysqlWatch, () => checkAtStart(routeQuery, stopping));
      await watchDatabase(mysqlWatch, () => routeQuery.check(stopping));
    };
    await Promise.all([work(), askRoutes()]);
  } catch (error) {
    if (options.stopping.aborted && isStop(error, options.stopping)) return;
    throw error;
  } finally {
    failed.abort();
    await teardown.run();
  }
}

/** The way out of a wait that the stop cut short is no failure. */
function isStop(error: unknown, stopping: AbortSignal): boolean {
  return error === stopping.reason;
}
