import type { RetrySchedule } from '../../src/domain/retryPolicy.ts';
import { createEndNotification } from '../../src/pipeline/endNotification.ts';
import type { Lanes } from '../../src/pipeline/lanes.ts';
import { aLanes } from './aLanes.ts';
import type { PipelineDeps } from '../../src/pipeline/pipeline.ts';
import type { RedeliverDeps } from '../../src/pipeline/redeliverDue.ts';
import { createSmsGate } from '../../src/pipeline/smsGate.ts';
import { createByteBudget } from '../../src/runtime/byteBudget.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { createTimeZone } from '../../src/runtime/timeZone.ts';
import { createFakeDatabase, type FakeDatabase } from './fakeDatabase.ts';
import { createFakeGaps, type FakeGaps } from './fakeGaps.ts';
import {
  createFakeCheckpoints,
  createFakeEndpoints,
  createFakeRoutes,
  createFakeSender,
  createFakeSource,
  type FakeCheckpoints,
  type FakeEndpoints,
  type FakeRoutes,
  type FakeSender,
  type FakeSource,
} from './fakePorts.ts';
import type { FakeRetries } from './fakeRetries.ts';
import { createMemoryLogger, type MemoryLogger } from './memoryLogger.ts';
import { createRecordingHealth, createRecordingMetrics } from './recorders.ts';

/** What a test may bring along; the rest is made. */
export interface WorldOptions extends Partial<RetrySchedule> {
  readonly database?: FakeDatabase;
  readonly checkpoints?: FakeCheckpoints;
  readonly source?: FakeSource;
  readonly routes?: FakeRoutes;
  readonly endpoints?: FakeEndpoints;
  readonly sender?: FakeSender;
  readonly gaps?: FakeGaps;
  readonly lanes?: Lanes;
  readonly giveUpAfterMs?: number;
  readonly recordSkips?: boolean;
  readonly deliveryStatuses?: readonly string[];
  readonly windowLimit?: number;
  readonly responsesBytes?: number;
  /** Always by default. */
  isHeld?(): boolean;
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
  readonly lanes: Lanes;
  readonly logger: MemoryLogger;
  readonly metrics: ReturnType<typeof createRecordingMetrics>;
  readonly health: ReturnType<typeof createRecordingHealth>;
  readonly stopping: AbortController;
  readonly abandoned: AbortController;
  /** The notifications taken up from durable state. */
  readonly tracked: readonly Promise<void>[];
  /** How often the work was handed over. */
  readonly handOvers: readonly unknown[];
  /** All of it, as the pipeline and each of its parts take it. */
  readonly deps: PipelineDeps & RedeliverDeps;
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
    lanes = aLanes({ maxInFlight: 2, maxInFlightPerEndpoint: 1 }),
  } = options;
  const { retries } = database;
  const logger = createMemoryLogger();
  const metrics = createRecordingMetrics();
  const health = createRecordingHealth();
  const ports = { checkpoints, source, routes, endpoints, sender, gaps, retries };
  const parts = { ...ports, database, lanes, logger, metrics, health };
  const signals = { stopping: new AbortController(), abandoned: new AbortController() };
  const tracked: Promise<void>[] = [];
  const handOvers: unknown[] = [];
  const settings = settingsOf(options);
  const deps: World['deps'] = {
    ...parts,
    clock: { now: () => Date.now() },
    ...settings,
    sms: database,
    outcomes: database,
    async lookUp(request) {
      const [lookup] = await database.lookUp([request]);
      if (lookup === undefined) throw new Error('a look-up answers every request');
      return await lookup;
    },
    lookedUp: createByteBudget(Infinity),
    remembered: createByteBudget(Infinity),
    responses: createByteBudget(options.responsesBytes ?? Infinity),
    end: createEndNotification({ ...parts, ...settings, outcomes: database }),
    takeUpGate: createSmsGate(),
    callGate: createSmsGate(),
    underWay: new Map(),
    claims: new Map(),
    track(task) {
      tracked.push(task);
      task.catch(() => undefined);
    },
    isHeld: options.isHeld ?? (() => true),
    onFenced: () => signals.stopping.abort(new Stopping()),
    handOver: () => Promise.resolve(void handOvers.push(null)),
    random: () => 0.5,
    stopping: signals.stopping.signal,
    abandoned: signals.abandoned.signal,
  };
  return { ...parts, ...signals, tracked, handOvers, deps };
}

function settingsOf(options: WorldOptions) {
  const { quickRetriesMs = [], retryScheduleMs = [], retryAfterMaxMs = 86_400_000 } = options;
  const { giveUpAfterMs = 86_400_000, recordSkips = true, windowLimit = 100 } = options;
  return {
    schedule: { quickRetriesMs, retryScheduleMs, retryAfterMaxMs },
    giveUpAfterMs,
    recordSkips,
    windowLimit,
    deliveryStatuses: new Set(options.deliveryStatuses),
    zone: createTimeZone('Asia/Kolkata'),
    maxStatusAgeMs: 3_600_000,
    marginMs: 86_400_000,
    startAt: null,
    routeCacheTtlMs: 30_000,
    routePatienceMs: 5_000,
  };
}
