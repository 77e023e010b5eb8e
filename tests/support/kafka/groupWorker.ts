import { runInGroup, type Member } from '../../../src/kafka/consumerGroup.ts';
import { createMessageReader } from '../../../src/kafka/messageReader.ts';
import { createTermOpening } from '../../../src/kafka/openTerm.ts';
import { afterMessage } from '../../../src/kafka/topicPosition.ts';
import { runPipeline } from '../../../src/pipeline.ts';
import type { WebhookSender } from '../../../src/ports/notify.ts';
import type { Partition } from '../../../src/ports/source.ts';
import type { DecodeMessage } from '../../../src/ports/topic.ts';
import { onAbort, Stopping } from '../../../src/runtime/abort.ts';
import { aChange, aWebhook } from '../builders.ts';
import type { FakeDatabase } from '../fakeDatabase.ts';
import { createFakeGaps } from '../fakeGaps.ts';
import { createFakeRoutes, type Turn } from '../fakePorts.ts';
import { createMemoryLogger, type MemoryLogger } from '../memoryLogger.ts';
import { createRecordingHealth, createRecordingMetrics, watch } from '../recorders.ts';
import { someQueues } from '../someQueues.ts';
import { createWorld } from '../world.ts';
import type { FakeGroup } from './fakeGroup.ts';
import { createFakeMemory, keeperOf, type FakeMemoryState } from './fakeMemory.ts';
import { createFakeProcess, type FakeProcess, type Pick } from './processes.ts';

/** What all workers share. */
export interface GroupSurroundings {
  readonly group: FakeGroup;
  readonly database: FakeDatabase;
  readonly memory: FakeMemoryState;
  readonly sessionMs: number;
  readonly maxUnacked: number;
  /** How long a database takes for an answer at most. */
  readonly longestAskMs: number;
  readonly pick: Pick;
  sender(process: FakeProcess): WebhookSender;
  addGap(from: Date, to: Date): void;
  /** A term begins to be worked on; its result is called when that has ended. */
  began(partition: Partition, process: FakeProcess): () => void;
}

export interface GroupWorker {
  readonly process: FakeProcess;
  readonly logger: MemoryLogger;
  /** As SIGTERM does. */
  stop(): void;
  readonly isStopped: boolean;
  readonly done: Promise<void>;
  readonly seen: { readonly isSettled: boolean };
}

/** Three of four times. */
const USUAL_ASK_MS = 20;

/** Message `name` is an update of the SMS of that name. */
export const decodeName: DecodeMessage = (message) => {
  const id = Buffer.from(message.value ?? []).toString();
  const position = afterMessage(message, new Date(message.timestampMs));
  return { kind: 'change', change: aChange({ id, position }) };
};

/** Starts a worker of the group, made of the real parts from the consumer's port on. */
export function startGroupWorker(name: string, surroundings: GroupSurroundings): GroupWorker {
  const process = createFakeProcess(name);
  const { group, memory, sessionMs, longestAskMs, pick } = surroundings;
  const logger = createMemoryLogger();
  const stopping = new AbortController();
  let isStopped = false;
  const ask: Turn = async () =>
    await new Promise((resolve) =>
      setTimeout(resolve, pick(1 + (pick(4) === 0 ? longestAskMs : USUAL_ASK_MS))),
    );
  const now = (): number => Date.now();
  const memoryOf = createFakeMemory(ask, memory);
  const metrics = {
    ...createRecordingMetrics(),
    messageUnreadable: () => undefined,
    messageWritten: () => undefined,
  };
  const gaps = {
    ...createFakeGaps([], ask),
    async add(from: Date, to: Date) {
      await ask('gaps.add');
      surroundings.addGap(from, to);
    },
  };
  const keeper = keeperOf(memoryOf, logger);
  const groupDeps: Parameters<typeof runInGroup>[0] = {
    openConsumer: () => group.open(process),
    ...{ sessionMs, logger, now, health: createRecordingHealth(), troubled: () => undefined },
  };
  const work = async (member: Member): Promise<void> => {
    const world = createWorld({
      database: surroundings.database.seenBy(ask),
      routes: createFakeRoutes(routeOf, ask),
      queues: someQueues({ maxInFlight: 6, maxInFlightPerEndpoint: 3 }),
      maxUnacked: surroundings.maxUnacked,
      isHeld: member.isHeld,
    });
    onAbort(member.stopping, () => world.stopping.abort(new Stopping()));
    const { pipeline } = world;
    const parts = {
      ...pipeline,
      ctx: { ...pipeline.ctx, logger, sender: surroundings.sender(process) },
      chores: () => Promise.resolve(),
    };
    const keeping = keeper.run(member.stopping);
    await runPipeline(parts, async (workOn) => {
      await member.run({
        async work(partition) {
          const ended = surroundings.began(partition, process);
          await workOn(partition).finally(ended);
        },
        rebalanced: () => undefined,
        openTermBy: (consumer) =>
          createTermOpening({
            ...{ consumer, keeper, gaps, logger, metrics, now, workerId: name },
            ...{ isMember: member.isHeld, stopping: member.stopping, opened: () => undefined },
            memory: memoryOf,
            reader: createMessageReader({ decode: decodeName, now, metrics, logger }),
            startAt: new Date(0),
            checkpointAt: () => Promise.resolve(null),
            earliest: () => new Date(0),
          }),
      });
    });
    await keeping;
  };
  const done = process.run(
    async () =>
      await runInGroup(groupDeps, work, { stopping: stopping.signal, isHeld: () => true }),
  );
  return {
    process,
    logger,
    stop() {
      isStopped = true;
      process.deliver(() => stopping.abort(new Stopping()));
    },
    get isStopped() {
      return isStopped;
    },
    done,
    seen: watch(done),
  };
}

const routeOf: Parameters<typeof createFakeRoutes>[0] = ({ accountId }) => ({
  kind: 'open',
  webhook: aWebhook({ endpointKey: `endpoint ${accountId}` }),
});
