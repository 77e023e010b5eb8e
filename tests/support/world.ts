import type { RetrySchedule } from '../../src/domain/retryPolicy.ts';
import { createNotifyContext, type NotifyContext } from '../../src/notify/context.ts';
import type { EndpointQueues } from '../../src/endpoints/queues.ts';
import { someQueues } from './someQueues.ts';
import { runPipeline, type Work } from '../../src/pipeline.ts';
import { createByteBudget } from '../../src/runtime/byteBudget.ts';
import { roomForAll, type ReadingRoom } from '../../src/runtime/readingRoom.ts';
import { openPartition, type TermStores } from '../../src/source/leasedPartition.ts';
import { scanGaps } from '../../src/source/gapScan.ts';
import { createReadLimits } from '../../src/source/readLoop.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { createTimeZone } from '../../src/runtime/timeZone.ts';
import { noTracing, type Tracing } from '../../src/ports/tracing.ts';
import { createFakeDatabase, type FakeDatabase } from './fakeDatabase.ts';
import { createFakeGaps, type FakeGaps } from './fakeGaps.ts';
import { createFakeCheckpoints, type FakeCheckpoints } from './fakeCheckpoints.ts';
import {
  createFakeEndpoints,
  createFakeRoutes,
  createFakeSender,
  createFakeSource,
  type FakeEndpoints,
  type FakeRoutes,
  type FakeSender,
  type FakeSource,
} from './fakePorts.ts';
import type { FakeRetries } from './fakeRetries.ts';
import { createMemoryLogger, type MemoryLogger } from './memoryLogger.ts';
import {
  createRecordingHealth,
  createRecordingMetrics,
  createRecordingStatistics,
} from './recorders.ts';

/** What a test may bring along; the rest is made. */
export interface WorldOptions extends Partial<RetrySchedule> {
  readonly database?: FakeDatabase;
  readonly checkpoints?: FakeCheckpoints;
  readonly source?: FakeSource;
  readonly routes?: FakeRoutes;
  readonly endpoints?: FakeEndpoints;
  readonly sender?: FakeSender;
  readonly gaps?: FakeGaps;
  readonly queues?: EndpointQueues;
  readonly giveUpAfterMs?: number;
  readonly recordSkips?: boolean;
  readonly deliveryStatuses?: readonly string[];
  readonly maxUnacked?: number;
  readonly responsesBytes?: number;
  readonly answers?: ReadingRoom;
  readonly tracing?: Tracing;
  /** Always by default. */
  isHeld?(): boolean;
}

/** A pipeline, and what its partition is made of. */
export interface WorldParts extends Work, TermStores {
  readonly startAt: Date | null;
  /** As of the lease's term. */
  lose(): void;
  release(): Promise<void>;
}

/** Opens the partition for the first holder of the lease, and works on it. */
export async function runWorld(parts: WorldParts): Promise<void> {
  const { ctx, lose, release } = parts;
  const { logger, metrics, term } = ctx;
  const partition = await openPartition(
    { epoch: 1, stopping: term.stopping, isHeld: () => term.isHeld(), lose, release },
    { ...parts, logger, metrics },
  );
  if (partition !== null) await runPipeline(parts, (workOn) => workOn(partition));
}

export interface World {
  readonly database: FakeDatabase;
  /** The database's. */
  readonly retries: FakeRetries;
  readonly checkpoints: FakeCheckpoints;
  readonly source: FakeSource;
  readonly routes: FakeRoutes;
  readonly endpoints: FakeEndpoints;
  readonly sender: FakeSender;
  readonly gaps: FakeGaps;
  readonly queues: EndpointQueues;
  readonly logger: MemoryLogger;
  readonly metrics: ReturnType<typeof createRecordingMetrics>;
  readonly statistics: ReturnType<typeof createRecordingStatistics>;
  readonly health: ReturnType<typeof createRecordingHealth>;
  readonly stopping: AbortController;
  readonly abandoned: AbortController;
  /** The notifications processed from durable state. */
  readonly tracked: readonly Promise<void>[];
  /** How often the work was handed over. */
  readonly handOvers: readonly unknown[];
  /** As each step of a notification takes it; with no batches, and all the memory it wants. */
  readonly ctx: NotifyContext;
  /** The whole worker, with its bounds. */
  readonly pipeline: WorldParts;
  /** As the retry loop takes it. */
  track(task: Promise<void>): void;
}

/**
 * A worker's surroundings in memory: an hour is the greatest age, a day the time after which it gives up,
 * chance is always a half; no retries unless asked for.
 */
export function createWorld(options: WorldOptions = {}): World {
  const {
    database = createFakeDatabase(),
    checkpoints = createFakeCheckpoints(),
    source = createFakeSource(),
    routes = createFakeRoutes(),
    endpoints = createFakeEndpoints(),
    sender = createFakeSender(),
    gaps = createFakeGaps(),
    queues = someQueues({ maxInFlight: 2, maxInFlightPerEndpoint: 1 }),
  } = options;
  const { retries } = database;
  const logger = createMemoryLogger();
  const metrics = createRecordingMetrics();
  const statistics = createRecordingStatistics();
  const health = createRecordingHealth();
  const parts = {
    ...{ checkpoints, source, routes, endpoints, sender, gaps, retries },
    database,
    queues,
  };
  const signals = { stopping: new AbortController(), abandoned: new AbortController() };
  const tracked: Promise<void>[] = [];
  const handOvers: unknown[] = [];
  const term = {
    stopping: signals.stopping.signal,
    abandoned: signals.abandoned.signal,
    isHeld: options.isHeld ?? (() => true),
  };
  const limited = createNotifyContext({
    ...{ routes, endpoints, sender, retries, queues, logger, metrics, statistics, term },
    ...{ sms: database, outcomes: database, policy: policyOf(options) },
    clock: { now: () => Date.now() },
    random: () => 0.5,
    tracing: options.tracing ?? noTracing,
    recordSkips: options.recordSkips ?? true,
    responseLimitBytes: 16_384,
  });
  const ctx = withoutLimits(limited, database, options);
  const pipeline: WorldParts = {
    ...{ ctx: limited, source, checkpoints, gaps, health },
    lose: () => signals.stopping.abort(new Stopping()),
    release: () => Promise.resolve(void handOvers.push(null)),
    startAt: null,
    limits: createReadLimits(options.maxUnacked ?? 100, queues),
    chores: async (partition, processFound) =>
      await scanGaps({
        ...{ partition, processChange: processFound, logger },
        ...{ marginMs: 86_400_000, zone: limited.policy.zone },
      }),
  };
  const track = (task: Promise<void>): void => {
    tracked.push(task);
    task.catch(() => undefined);
  };
  return {
    ...parts,
    ...signals,
    logger,
    metrics,
    statistics,
    health,
    tracked,
    handOvers,
    ctx,
    pipeline,
    track,
  };
}

/** Look-ups are not batched, and memory is no object unless a test says so. */
function withoutLimits(
  ctx: NotifyContext,
  database: FakeDatabase,
  { responsesBytes = Infinity, answers }: WorldOptions,
): NotifyContext {
  return {
    ...ctx,
    async lookUp(request) {
      const [lookup] = await database.lookUp([request]);
      if (lookup === undefined) throw new Error('a look-up answers every request');
      return await lookup;
    },
    memory: {
      lookedUp: createByteBudget(Infinity),
      remembered: createByteBudget(Infinity),
      responses: createByteBudget(responsesBytes),
      answers: answers ?? { open: () => roomForAll },
    },
  };
}

export function policyOf(options: WorldOptions): NotifyContext['policy'] {
  const { quickRetriesMs = [], retryScheduleMs = [], retryAfterMaxMs = 86_400_000 } = options;
  return {
    schedule: { quickRetriesMs, retryScheduleMs, retryAfterMaxMs },
    giveUpAfterMs: options.giveUpAfterMs ?? 86_400_000,
    deliveryStatuses: new Set(options.deliveryStatuses),
    zone: createTimeZone('Asia/Kolkata'),
    maxStatusAgeMs: 3_600_000,
    routeCacheTtlMs: 30_000,
    routePatienceMs: 5_000,
  };
}
