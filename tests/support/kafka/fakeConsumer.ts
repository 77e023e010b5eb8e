import type { ConsumerEvents, TopicConsumer } from '../../../src/kafka/topicConsumer.ts';
import type { TopicMessage } from '../../../src/ports/topic.ts';
import { createFakeMembership, type FakeMembership } from './fakeMembership.ts';
import type { CommitAnswer, FakeCoordinator } from './fakeCoordinator.ts';
import type { FakeNetwork } from './fakeNetwork.ts';
import type { FakeTopic } from './fakeTopic.ts';
import type { FakeProcess, Pick } from './processes.ts';

/** What becomes of a commit: refused, it was not made; unanswered, it was, and nobody says so. */
export type CommitFate = Readonly<{
  lateMs: number;
  outcome: 'answered' | 'refused' | 'unanswered';
}>;

export interface FakeConsumerParts {
  readonly topic: FakeTopic;
  readonly coordinator: FakeCoordinator;
  readonly network: FakeNetwork;
  readonly process: FakeProcess;
  readonly sessionMs: number;
  readonly pick: Pick;
  fateOfCommit(): CommitFate;
}

export interface FakeConsumer extends TopicConsumer {
  /** Whether it is assigned, and was not told otherwise or has not let go of it. */
  has(partition: number): boolean;
}

const POLL_MS = 100;
const POLL_AT_MOST = 256;

/** A partition that is read. */
interface Fetched {
  /** Of the message that is polled next. */
  position: number;
}

type Batch = { readonly fetched: Fetched; readonly message: TopicMessage }[];

/**
 * A member as librdkafka makes one of the group by the classic protocol, with cooperative-sticky assignment and no way
 * out of an offset that is out of range.
 */
export function createFakeConsumer(parts: FakeConsumerParts): FakeConsumer {
  const { topic, network, process, pick, fateOfCommit } = parts;
  const assigned = new Map<number, Fetched>();
  const paused = new Set<number>();
  const knownEnds = new Map<number, number>();
  let events: ConsumerEvents | null = null;
  let membership: FakeMembership | null = null;
  let isPolling = false;
  let isClosed = false;

  const ask = async <Answer>(apply: () => Answer): Promise<Answer> =>
    await network.ask(process, apply);
  const pass = async (ms: number): Promise<void> =>
    await new Promise((resolve) => setTimeout(resolve, ms));
  /** What was fetched; not of a partition that is out of range, of which nothing comes any more. */
  const take = (): Batch => {
    const taken: Batch = [];
    if (!network.isUp(process)) return taken;
    for (const [partition, fetched] of assigned) {
      if (paused.has(partition)) continue;
      const room = POLL_AT_MOST - taken.length;
      const found = topic.fetch(partition, fetched.position, room);
      if (found === null) {
        events?.failed(new Error(`the offset ${fetched.position} is out of range`));
        continue;
      }
      knownEnds.set(partition, topic.bounds(partition).high);
      fetched.position += found.length;
      taken.push(
        ...found.map(({ offset, name, writtenAt }) => ({
          fetched,
          message: {
            ...{ partition, offset, key: null, value: Buffer.from(name) },
            timestampMs: writtenAt.getTime(),
          },
        })),
      );
    }
    return taken;
  };

  return {
    has: (partition) => assigned.has(partition),
    async open(listening) {
      await ask(() => undefined);
      if (isClosed) throw new Error('it was closed');
      events = listening;
      membership = createFakeMembership({ ...parts, events });
      membership.begin();
    },
    async poll() {
      if (isPolling) throw new Error('one poll at a time');
      isPolling = true;
      membership?.polled();
      let batch = take();
      // What is under way when the partitions change still comes.
      membership?.tell();
      await pass(batch.length > 0 ? pick(5) : 1 + pick(POLL_MS));
      membership?.tell();
      if (batch.length === 0) batch = take();
      isPolling = false;
      return batch
        .filter(({ fetched, message: { partition } }) => {
          const now = assigned.get(partition);
          return now === undefined || now === fetched;
        })
        .map(({ message }) => message);
    },
    assign(places) {
      for (const { partition, offset } of places) {
        if (assigned.has(partition)) throw new Error(`${partition} is assigned already`);
        assigned.set(partition, { position: offset < 0 ? topic.bounds(partition).high : offset });
        paused.delete(partition);
      }
      membership?.assigned(places.map(({ partition }) => partition));
    },
    unassign(partitions) {
      for (const partition of partitions) {
        if (!assigned.delete(partition)) throw new Error(`${partition} is not assigned`);
      }
      membership?.unassigned(partitions);
    },
    pause(partitions) {
      for (const partition of partitions) paused.add(partition);
    },
    resume(partitions) {
      for (const partition of partitions) paused.delete(partition);
    },
    async commit(place) {
      const { lateMs, outcome } = fateOfCommit();
      const as = membership?.identity() ?? { memberId: null, generation: -1 };
      if (outcome !== 'refused') {
        const waitMs = pick(lateMs + 1);
        const joining = membership?.joining();
        const carryOut = async (): Promise<CommitAnswer> => {
          await pass(waitMs);
          await joining;
          return await ask(() => parts.coordinator.commit(as.memberId, as.generation, place));
        };
        const carryingOut = carryOut();
        membership?.sent(carryingOut);
        const answer = await carryingOut;
        // What takes a coordinator time is writing it.
        if (answer === 'committed') await pass(lateMs - waitMs);
        if (answer !== 'committed') membership?.refused(answer);
        if (outcome === 'answered') return resultOf[answer];
      }
      throw new Error(outcome === 'refused' ? 'the commit was refused' : 'no answer to a commit');
    },
    committed: async (partitions) =>
      await ask(() => {
        const found = partitions.flatMap((partition): [number, number][] => {
          const offset = topic.committed.get(partition);
          return offset === undefined ? [] : [[partition, offset]];
        });
        return new Map(found);
      }),
    bounds: async (partition) => await ask(() => topic.bounds(partition)),
    knownEnd: (partition) => knownEnds.get(partition) ?? null,
    firstMessageAt: async (partition) =>
      await ask(() => {
        const { low } = topic.bounds(partition);
        return topic.all(partition)[low]?.writtenAt ?? null;
      }),
    offsetAt: async (partition, time) =>
      await ask(() => {
        const { low } = topic.bounds(partition);
        const found = topic
          .all(partition)
          .find(({ offset, writtenAt }) => offset >= low && writtenAt >= time);
        return found?.offset ?? null;
      }),
    topic: async () => await ask(() => ({ id: 'topic', partitions: topic.partitions.length })),
    async close() {
      isClosed = true;
      await membership?.leave();
    },
  };
}

const resultOf = {
  committed: 'committed',
  'unknown member': 'fenced',
  'illegal generation': 'rebalancing',
} as const;
