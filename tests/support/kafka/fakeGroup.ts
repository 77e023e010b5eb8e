import type { TopicConsumer } from '../../../src/kafka/topicConsumer.ts';
import { createFakeConsumer, type CommitFate, type FakeConsumer } from './fakeConsumer.ts';
import { createFakeCoordinator, type FakeCoordinator } from './fakeCoordinator.ts';
import { createFakeNetwork, type FakeNetwork } from './fakeNetwork.ts';
import { createFakeTopic, type FakeTopic } from './fakeTopic.ts';
import type { FakeProcess, Pick } from './processes.ts';

/** A topic, and a group of consumers that share its partitions. */
export interface FakeGroup {
  readonly topic: FakeTopic;
  readonly network: FakeNetwork;
  readonly coordinator: FakeCoordinator;
  open(process: FakeProcess): TopicConsumer;
  /** Consumers that were not closed, and whose processes live. */
  readonly left: readonly string[];
  /** Whether a consumer of that process is assigned the partition, and was not told otherwise. */
  has(process: FakeProcess, partition: number): boolean;
  /** Commits that went back, in words. */
  readonly wentBack: readonly string[];
}

export interface FakeGroupOptions {
  readonly partitions: number;
  readonly sessionMs: number;
  readonly pick: Pick;
  /** Of a way to a broker or back. */
  readonly longestMs: number;
  fateOfCommit(): CommitFate;
  /** A commit moves a partition's offset, from there. */
  moved(partition: number, from: number, to: number): void;
}

export function createFakeGroup(options: FakeGroupOptions): FakeGroup {
  const { sessionMs, pick, fateOfCommit, moved } = options;
  const topic = createFakeTopic(options.partitions);
  const network = createFakeNetwork(pick, options.longestMs);
  const wentBack: string[] = [];
  const open = new Map<FakeConsumer, FakeProcess>();
  const coordinator = createFakeCoordinator({
    partitions: topic.partitions,
    sessionMs,
    rebalanceMs: 60_000,
    committed({ partition, offset }, memberId) {
      const before = topic.committed.get(partition);
      if (before !== undefined && before > offset) {
        wentBack.push(`${memberId} took partition ${partition} back from ${before} to ${offset}`);
      }
      moved(partition, before ?? 0, offset);
      topic.committed.set(partition, offset);
    },
  });
  return {
    topic,
    network,
    coordinator,
    open(process) {
      const consumer = createFakeConsumer({
        ...{ topic, coordinator, network, process, sessionMs, pick, fateOfCommit },
      });
      open.set(consumer, process);
      return {
        ...consumer,
        async close() {
          await consumer.close();
          open.delete(consumer);
        },
      };
    },
    get left() {
      return [...open.values()].filter(({ state }) => state !== 'dead').map(({ name }) => name);
    },
    has: (process, partition) =>
      [...open].some(([consumer, of]) => of === process && consumer.has(partition)),
    wentBack,
  };
}
