import { createHeldPartitions } from './kafka/heldPartitions.ts';
import { createClientConsumer } from './kafka/clientConsumer.ts';
import { consumerConfig } from './kafka/clientConfig.ts';
import type { LoadedClient } from './kafka/client.ts';
import {
  runInGroup,
  type ConsumerGroupDeps,
  type Member,
  type Right,
} from './kafka/consumerGroup.ts';
import { createMessageReader } from './kafka/messageReader.ts';
import { createTermOpening } from './kafka/openTerm.ts';
import type { TopicConsumer } from './kafka/topicConsumer.ts';
import { createTopicKeeper } from './kafka/topicKeeper.ts';
import { createBreakerViews } from './mongo/breakers.ts';
import { createKeyExamples } from './mongo/keyExamples.ts';
import { createMessageKeys, type MessageKeys } from './mongo/messageKeys.ts';
import { createModeGuard } from './mongo/modeGuard.ts';
import { createPlacement } from './mongo/placement.ts';
import type { ReportUnreadable } from './mongo/storedRow.ts';
import { createTopicMemory } from './mongo/topicMemory.ts';
import { createFindKeyHashes, type FindKeyHashes } from './mongo/wholeKeys.ts';
import { createProcess } from './notify/process.ts';
import { untilReady, watchDatabase } from './observability/watchDatabase.ts';
import { runPipeline, type Work } from './pipeline.ts';
import type { Partitioning } from './ports/partitioning.ts';
import { FIRST_PARTITION, type LeaseStore, type ModeGuard } from './ports/source.ts';
import type { TopicMetrics } from './ports/telemetry.ts';
import type { DecodeMessage } from './ports/topic.ts';
import type { KeyExamples } from './ports/topicMemory.ts';
import { placeRows } from './retries/placeRows.ts';
import { scanGaps } from './source/gapScan.ts';
import { runUnderLease } from './source/lease.ts';
import { checkTopicAtStart } from './topicAtStart.ts';
import { topicDecoder } from './topicPreflight.ts';
import {
  createWork,
  earliestOf,
  openGaps,
  type Connections,
  type Frame,
  type WorkerParts,
} from './term.ts';

export interface GroupParts extends WorkerParts {
  readonly client: LoadedClient;
  /** When the change stream's checkpoint was written; null when there is none. */
  checkpointAt(): Promise<Date | null>;
}

/** What outlasts a membership. */
interface Group extends GroupParts {
  /** What is learnt of the topic's keys. */
  readonly keys: MessageKeys;
  readonly keyExamples: KeyExamples;
  readonly decode: DecodeMessage;
  readonly topicMetrics: TopicMetrics;
  readonly troubled: ConsumerGroupDeps['troubled'];
}

/**
 * Takes statuses from the topic as a member of the consumer group, while no worker takes them from the change stream,
 * until `frame.stopping`.
 */
export async function workInGroup(
  frame: Frame,
  connections: Connections,
  parts: GroupParts,
): Promise<void> {
  const { config, logger, health, stopping } = frame;
  const { leases, checkpoints } = connections.mongo.state;
  const { ttlMs } = config.lease;
  const watch = { ...frame, component: 'kafka' } as const;
  const keys = createMessageKeys(config.mongodb.uuidRepresentation);
  const keyExamples = createKeyExamples({ checkpoints, topic: config.kafka.topic ?? '' });
  const decode = topicDecoder(config, connections.mongo.sms, keys);
  const checked = { ...parts, decode };
  const example = await untilReady({ ...frame, component: 'mongodb' }, keyExamples.load);
  if (example !== null) keys.learnFrom(example);
  await untilReady(watch, async () => await checkTopicAtStart(frame, connections, checked));
  let problem: string | null = null;
  const watching = watchDatabase(watch, async () => {
    if (problem !== null) throw new Error(problem);
    await Promise.resolve();
  });
  const group: Group = {
    ...{ ...parts, keys, keyExamples, decode, topicMetrics: frame.metrics.topic() },
    troubled(told) {
      problem = told;
    },
  };
  await runUnderLease({
    leases: asLease(createModeGuard({ leases, checkpoints, ttlMs })),
    standbys: parts.standbys,
    ttlMs,
    work: (right) => workWithRight(right, frame, connections, group),
    reports: {
      acquired: () => undefined,
      lost: (_, cause) => logger.warn('lease_lost', { cause }),
      released: () => undefined,
    },
    ...{ logger, health, stopping },
  });
  await watching;
}

/** Many may have it at once. */
function asLease(guard: ModeGuard): LeaseStore {
  const lease = { epoch: 0 };
  return {
    acquire: async () => ((await guard.lockForTopic()) === 'held' ? lease : null),
    renew: async () => (await guard.renew()) === 'held',
    release: guard.release,
  };
}

/** Takes part in the group for as long as no worker takes statuses from the change stream. */
async function workWithRight(
  right: Right,
  frame: Frame,
  connections: Connections,
  group: Group,
): Promise<void> {
  const { config, logger, clock, health } = frame;
  const { kafka, lease } = config;
  const { owner, client, troubled } = group;
  const named = { topic: kafka.topic ?? '', group: kafka.group };
  const { ttlMs: sessionMs } = lease;
  const consuming = consumerConfig({
    ...{ connection: kafka, group: kafka.group, workerId: owner, sessionMs },
  });
  const joining = {
    openConsumer: () => createClientConsumer({ client: client.module, config: consuming, named }),
    sessionMs,
    ...{ health, troubled, logger, now: clock.now },
  };
  await runInGroup(joining, (member) => workAsMember(member, frame, connections, group), right);
}

/** One membership: all that it holds in memory ends with it. */
async function workAsMember(
  member: Member,
  frame: Frame,
  connections: Connections,
  group: Group,
): Promise<void> {
  const { config, logger, metrics, clock } = frame;
  const { state } = connections.mongo;
  const { owner, endpoints, unreadable, checkpointAt, keys, keyExamples, decode, topicMetrics } =
    group;
  const { stopping, isHeld } = member;
  let consumer: TopicConsumer | null = null;
  let queues: Work['ctx']['queues'] | null = null;
  const held = createHeldPartitions({
    terms: () => member.terms,
    consumer: () => consumer,
    stalled: member.leave,
    bound: config.limits.maxInFlightPerEndpoint,
    limit: (calls) => queues?.limitPerEndpoint(calls),
    callMs: config.call.requestTimeoutMs,
    ...{ metrics, topicMetrics, logger },
  });
  const { keyHashOf } = keys;
  const partitioning: Partitioning = { held: held.held, count: held.count, keyHashOf };
  const views = createBreakerViews({ ...state, writer: { worker: owner, epoch: null }, logger });
  const holder = { stopping, isHeld, owner, views, endpoints, partitioning };
  const work = createWork(frame, connections, holder);
  ({ queues } = work.ctx);
  const earliest = earliestOf(frame);
  const memory = createTopicMemory({
    ...{ checkpoints: state.checkpoints, topic: config.kafka.topic ?? '', workerId: owner },
    ...{ partitions: held.count, earliest, unreadable },
  });
  const keeper = createTopicKeeper(memory, keyExamples, keys, logger);
  const gaps = openGaps(frame, connections.mongo, { stopping, unreadable });
  const reader = createMessageReader({ decode, now: clock.now, metrics: topicMetrics, logger });
  const { startAt } = config.notify;
  const opening = {
    ...{ memory, keeper, gaps, reader, startAt, checkpointAt, earliest, now: clock.now },
    ...{ isMember: isHeld, logger, metrics, stopping, opened: held.opened, workerId: owner },
  };
  const findKeyHashes = createFindKeyHashes(connections.mongo.sms, keys);
  const placing = { work, partitioning, findKeyHashes, unreadable };
  await Promise.all([
    runPipeline({ ...work, chores: createChores(frame, connections, placing) }, (workOn) =>
      member.run({
        work: workOn,
        rebalanced: held.rebalanced,
        openTermBy(opened) {
          consumer = opened;
          return createTermOpening({ ...opening, consumer: opened });
        },
      }),
    ),
    keeper.run(stopping),
    held.run(stopping),
    views.keepWritten(stopping),
  ]);
  metrics.breakersOpen(0);
}

/** What concerns all partitions is seen to by the holder of the first one. */
function createChores(
  { config, logger, metrics, clock }: Frame,
  { mongo }: Connections,
  {
    work,
    partitioning,
    findKeyHashes,
    unreadable,
  }: Readonly<{
    work: Work;
    partitioning: Partitioning;
    findKeyHashes: FindKeyHashes;
    unreadable: ReportUnreadable;
  }>,
): Work['chores'] {
  const { ctx } = work;
  const park = createProcess(ctx, { parksAll: true });
  const { sweepMarginMs: marginMs } = config.notify;
  const scan = { marginMs, zone: ctx.policy.zone, now: clock.now, logger };
  return async (partition) => {
    if (partition.id !== FIRST_PARTITION) return;
    const { stopping } = partition;
    const placement = createPlacement({
      ...{ retries: mongo.state.retries, partitioning, findKeyHashes, logger, metrics, unreadable },
      signal: stopping,
    });
    await Promise.all([
      scanGaps({ ...scan, partition, processChange: async (change) => await park(change).durable }),
      placeRows({ placement, partitioning, logger, onPlaced: ctx.retries.changed.wake, stopping }),
    ]);
  };
}
