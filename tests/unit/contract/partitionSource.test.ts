import { describe } from '@jest/globals';
import { runInGroup } from '../../../src/kafka/consumerGroup.ts';
import { createMessageReader } from '../../../src/kafka/messageReader.ts';
import { createTermOpening } from '../../../src/kafka/openTerm.ts';
import { createLeasedPartition } from '../../../src/source/leasedPartition.ts';
import {
  describePartitionSource,
  type PartitionUnderTest,
} from '../../contract/partitionSource.ts';
import { aChange, aPosition } from '../../support/builders.ts';
import { createFakeCheckpoints, savedCheckpoint } from '../../support/fakeCheckpoints.ts';
import { createFakeGaps } from '../../support/fakeGaps.ts';
import { createFakeLeases, noLease } from '../../support/fakeLeases.ts';
import { atOnce, createFakeSource, reading } from '../../support/fakePorts.ts';
import { createFakeGroup } from '../../support/kafka/fakeGroup.ts';
import {
  createFakeMemory,
  keeperOf,
  type FakeMemoryState,
} from '../../support/kafka/fakeMemory.ts';
import { createFakeProcess } from '../../support/kafka/processes.ts';
import { decodeName } from '../../support/kafka/groupWorker.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { createRecordingHealth, createRecordingMetrics } from '../../support/recorders.ts';

const told = () => ({
  logger: createMemoryLogger(),
  health: createRecordingHealth(),
  metrics: {
    ...createRecordingMetrics(),
    messageUnreadable: () => undefined,
    messageWritten: () => undefined,
  },
});

/** The change stream, for whoever holds the lease. */
function underLease(): PartitionUnderTest {
  const ttlMs = 6_000;
  const lease = noLease();
  const checkpoint = savedCheckpoint(aPosition(0));
  const source = createFakeSource(atOnce, aPosition(2));
  let written = 0;
  return {
    worker: () =>
      createLeasedPartition({
        ...told(),
        leases: createFakeLeases(ttlMs, atOnce, lease),
        standbys: { seen: () => Promise.resolve(), left: () => Promise.resolve() },
        storesOf: ({ epoch }) => ({
          source,
          checkpoints: createFakeCheckpoints(null, atOnce, { state: checkpoint, epoch }),
          gaps: createFakeGaps(),
        }),
        startAt: null,
        ttlMs,
      }),
    write(...ids) {
      for (const id of ids) {
        written += 1;
        source.append(reading(aChange({ id, position: aPosition(written) })));
      }
    },
    takeAway: () => void Object.assign(lease, { untilMs: 0, taker: null }),
  };
}

/** A topic with one partition, and a consumer group. */
function inGroup(): PartitionUnderTest {
  const sessionMs = 6_000;
  const group = createFakeGroup({
    ...{ partitions: 1, sessionMs, pick: () => 0, longestMs: 0 },
    fateOfCommit: () => ({ lateMs: 0, outcome: 'answered' }),
    moved: () => undefined,
  });
  group.topic.committed.set(0, 0);
  const state: FakeMemoryState = { places: new Map(), first: null };
  const now = (): number => Date.now();
  let workers = 0;
  return {
    worker() {
      workers += 1;
      const workerId = `worker ${workers}`;
      const process = createFakeProcess(workerId);
      const { logger, health, metrics } = told();
      const memory = createFakeMemory(atOnce, state);
      const keeper = keeperOf(memory, logger);
      const reader = createMessageReader({ decode: decodeName, now, metrics, logger });
      const joining = {
        openConsumer: () => group.open(process),
        ...{ sessionMs, logger, health, now, troubled: () => undefined },
      };
      return {
        run: async (work, stopping) =>
          await process.run(
            async () =>
              await runInGroup(
                joining,
                async (member) => {
                  const keeping = keeper.run(member.stopping);
                  await member.run({
                    async work(partition) {
                      await work(partition);
                    },
                    rebalanced: () => undefined,
                    openTermBy: (consumer) =>
                      createTermOpening({
                        ...{ consumer, keeper, memory, reader, logger, metrics, now, workerId },
                        ...{ isMember: member.isHeld, stopping: member.stopping },
                        gaps: createFakeGaps(),
                        opened: () => undefined,
                        startAt: new Date(0),
                        checkpointAt: () => Promise.resolve(null),
                        earliest: () => new Date(0),
                      }),
                  });
                  await keeping;
                },
                { stopping, isHeld: () => true },
              ),
          ),
      };
    },
    write(...ids) {
      for (const id of ids) group.topic.append(0, id);
    },
    takeAway: () => group.coordinator.expel(0),
  };
}

describe('under the lease', () => {
  describePartitionSource(underLease);
});

describe('in the consumer group', () => {
  describePartitionSource(inGroup);
});
