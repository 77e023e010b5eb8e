import type { HandleChangeDeps } from '../../src/pipeline/handleChange.ts';
import { createLanes, type Lanes } from '../../src/pipeline/lanes.ts';
import type { PipelineDeps } from '../../src/pipeline/pipeline.ts';
import { createTimeZone } from '../../src/runtime/timeZone.ts';
import {
  createFakeCheckpoints,
  createFakeDatabase,
  createFakeRoutes,
  createFakeSender,
  createFakeSource,
  type FakeCheckpoints,
  type FakeDatabase,
  type FakeRoutes,
  type FakeSender,
  type FakeSource,
} from './fakePorts.ts';
import { createMemoryLogger, type MemoryLogger } from './memoryLogger.ts';
import { createRecordingHealth, createRecordingMetrics } from './recorders.ts';

/** What a test may bring along; the rest is made. */
export interface WorldOptions {
  readonly database?: FakeDatabase;
  readonly checkpoints?: FakeCheckpoints;
  readonly source?: FakeSource;
  readonly routes?: FakeRoutes;
  readonly sender?: FakeSender;
  readonly lanes?: Lanes;
  readonly quickRetriesMs?: readonly number[];
  readonly recordSkips?: boolean;
  readonly deliveryStatuses?: readonly string[];
  readonly windowLimit?: number;
}

export interface World {
  readonly database: FakeDatabase;
  readonly checkpoints: FakeCheckpoints;
  readonly source: FakeSource;
  readonly routes: FakeRoutes;
  readonly sender: FakeSender;
  readonly lanes: Lanes;
  readonly logger: MemoryLogger;
  readonly metrics: ReturnType<typeof createRecordingMetrics>;
  readonly health: ReturnType<typeof createRecordingHealth>;
  readonly stopping: AbortController;
  readonly abandoned: AbortController;
  /** All of it, as the pipeline and each of its parts take it. */
  readonly deps: PipelineDeps & HandleChangeDeps;
}

/** A worker's surroundings in memory: an hour is the greatest age, chance is always a half. */
export function createWorld(options: WorldOptions = {}): World {
  const {
    database = createFakeDatabase(),
    checkpoints = createFakeCheckpoints(),
    source = createFakeSource(),
    routes = createFakeRoutes(),
    sender = createFakeSender(),
    lanes = createLanes({ maxInFlight: 2, maxInFlightPerEndpoint: 1 }),
    quickRetriesMs = [],
    recordSkips = true,
    deliveryStatuses = [],
    windowLimit = 100,
  } = options;
  const logger = createMemoryLogger();
  const metrics = createRecordingMetrics();
  const health = createRecordingHealth();
  const stopping = new AbortController();
  const abandoned = new AbortController();
  const parts = { database, checkpoints, source, routes, sender, lanes, logger, metrics, health };
  const deps: World['deps'] = {
    ...parts,
    sms: database,
    outcomes: database,
    async lookUp(request) {
      const [lookup] = await database.lookUp([request]);
      if (lookup === undefined) throw new Error('a look-up answers every request');
      return lookup;
    },
    zone: createTimeZone('Asia/Kolkata'),
    maxStatusAgeMs: 3_600_000,
    recordSkips,
    deliveryStatuses: new Set(deliveryStatuses),
    windowLimit,
    quickRetriesMs,
    random: () => 0.5,
    stopping: stopping.signal,
    abandoned: abandoned.signal,
  };
  return { ...parts, stopping, abandoned, deps };
}
