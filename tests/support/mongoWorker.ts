import type { MongoClient } from 'mongodb';
import type { Change } from '../../src/domain/change.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { createGapStore } from '../../src/mongo/gaps.ts';
import { createLookups } from '../../src/mongo/lookups.ts';
import { createNotifyContext } from '../../src/notify/context.ts';
import { noTracing } from '../../src/ports/tracing.ts';
import { createProcess } from '../../src/notify/process.ts';
import { askForRoutes } from '../../src/retries/askForRoutes.ts';
import { runRetryLoop } from '../../src/retries/retryLoop.ts';
import { ignoreStopping, Stopping } from '../../src/runtime/abort.ts';
import { scanGaps } from '../../src/source/gapScan.ts';
import { createFakeEndpoints, createFakeRoutes, createFakeSender } from './fakePorts.ts';
import { createOutcomes, rememberMs } from './mongoOutcomes.ts';
import { createRetries } from './mongoRetries.ts';
import { createRecordingStatistics } from './recorders.ts';
import { somePartitions } from './somePartitions.ts';
import { someQueues } from './someQueues.ts';
import { until } from './until.ts';
import { policyOf } from './world.ts';

const HOUR_MS = 3_600_000;
const marginMs = 24 * HOUR_MS;

/** A worker of some partitions of a topic on real collections; routes and receivers are in memory. */
export function createMongoWorker(client: MongoClient, database: string, has: readonly number[]) {
  const db = client.db(database);
  const sms = db.collection('sms');
  const state = stateCollections(db);
  const partitioning = somePartitions(has);
  const { store: retries, logger, metrics } = createRetries(client, database, { partitioning });
  const outcomes = createOutcomes(client, database);
  const [stopping, abandoned] = [new AbortController(), new AbortController()];
  const { signal } = stopping;
  const [routes, sender] = [createFakeRoutes(), createFakeSender()];
  const ctx = createNotifyContext({
    ...{ routes, sender, retries, logger, metrics, outcomes: outcomes.store },
    statistics: createRecordingStatistics(),
    tracing: noTracing,
    policy: policyOf({}),
    term: { stopping: signal, abandoned: abandoned.signal, isHeld: () => true },
    clock: Date,
    random: Math.random,
    sms: createLookups({ sms, state, logger, signal }),
    endpoints: createFakeEndpoints(),
    queues: someQueues({ maxInFlight: 9, maxInFlightPerEndpoint: 9 }),
    recordSkips: true,
    responseLimitBytes: 16_384,
  });
  const gaps = createGapStore({
    ...{ sms, gaps: state.gaps, marginMs, rememberMs, clock: Date, signal },
  });
  const tracked: Promise<void>[] = [];
  const process = createProcess(ctx, { parksAll: true });
  return {
    ...{ ctx, gaps, logger, routes, sender, outcomes },
    retries: state.retries,
    /** Scans the gaps there are, and parks what they bring; what the log says of the last. */
    async scan(): Promise<unknown> {
      const before = logger.of('gap_scan_finished').length;
      const ended = new AbortController();
      const scanning = scanGaps({
        partition: { gaps, caughtUp: () => Promise.resolve(), stopping: ended.signal },
        ...{ marginMs, zone: ctx.policy.zone, logger },
        async processChange(change: Change) {
          const { durable, finished } = process(change);
          tracked.push(finished);
          return await durable;
        },
      });
      await until('it is scanned', () => logger.of('gap_scan_finished').length > before);
      ended.abort(new Stopping());
      await scanning.catch(ignoreStopping);
      return logger.of('gap_scan_finished').at(-1)?.fields;
    },
    /** Serves what waits in its partitions. */
    serve(): void {
      tracked.push(
        runRetryLoop(ctx, (task) => void tracked.push(task)),
        askForRoutes(ctx),
      );
    },
    async stop(): Promise<void> {
      stopping.abort(new Stopping());
      await Promise.all(tracked);
    },
  };
}
