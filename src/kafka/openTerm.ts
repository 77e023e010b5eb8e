import type { StreamPosition } from '../domain/change.ts';
import type { GapStore } from '../ports/source.ts';
import type { FirstStartOfTopic, TopicMemory, TopicPlace } from '../ports/topicMemory.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { anyOf, Stopping } from '../runtime/abort.ts';
import { joinCalls } from '../runtime/joinCalls.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retry.ts';
import type { HeldPartitions } from './heldPartitions.ts';
import type { MessageReader } from './messageReader.ts';
import {
  decideStart,
  firstStartTimes,
  type FirstStart,
  type StartDecision,
  type StartFacts,
} from './startOffset.ts';
import type { TopicConsumer } from './topicConsumer.ts';
import type { TopicKeeper } from './topicKeeper.ts';
import { fromTopicPosition, toTopicPosition } from './topicPosition.ts';
import { createTopicTerm, type TopicTerm } from './topicTerm.ts';

export interface OpeningDeps {
  readonly consumer: TopicConsumer;
  readonly memory: TopicMemory;
  readonly keeper: TopicKeeper;
  readonly gaps: GapStore;
  readonly reader: MessageReader;
  /** Where the first start ever begins; null for the end of the topic. */
  readonly startAt: Date | null;
  /** Of the change stream, where workers read it before; null when they did not. */
  checkpointAt(): Promise<Date | null>;
  /** Statuses from then on are known to have been notified. */
  earliest(): Date;
  readonly now: () => number;
  readonly isMember: () => boolean;
  /** This one's name, as `memory` writes it down. */
  readonly workerId: string;
  /** A term is about to begin. */
  opened: HeldPartitions['opened'];
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'gapFound'>;
  /** Aborted when the membership is over. */
  readonly stopping: AbortSignal;
}

/**
 * Opens terms of this member's partitions: finds out where each begins, and makes that durable before anything is read.
 * Waits for as long as Kafka or MongoDB does not answer, until `signal`; also rejects with `Stopping` when this member
 * was expelled meanwhile.
 */
export function createTermOpening(
  deps: OpeningDeps,
): (partition: number, signal: AbortSignal) => Promise<TopicTerm> {
  const { consumer, memory, keeper, gaps, reader, logger, stopping, isMember } = deps;
  // Partitions that are assigned together ask together, and the answers are about all of them.
  const together: Opening = {
    ...deps,
    topic: joinCalls(consumer.topic),
    places: joinCalls(memory.load),
    checkpointAt: joinCalls(deps.checkpointAt),
  };
  return async (partition, signal) => {
    const what = { what: 'offsets', signal: anyOf(stopping, signal), logger };
    const { topicId, begin, at, topic } = await retryTransient(
      async () => await settleStart(partition, together),
      what,
    );
    deps.opened(partition, topic);
    return createTopicTerm({
      id: partition,
      start: toTopicPosition({ offset: begin, at }),
      ...{ gaps, reader, isMember, logger, stopping },
      async commit(position: StreamPosition) {
        const { offset, at: writtenAt } = fromTopicPosition(position);
        const result = await consumer.commit({ partition, offset });
        if (result === 'committed') keeper.committed({ partition, topicId, offset, at: writtenAt });
        return result;
      },
      released: async () => await keeper.handOver(partition),
    });
  };
}

interface Opening extends OpeningDeps {
  readonly topic: TopicConsumer['topic'];
  readonly places: TopicMemory['load'];
}

interface SettledStart {
  readonly topicId: string;
  readonly begin: number;
  readonly at: Date;
  readonly topic: Parameters<HeldPartitions['opened']>[1];
}

/** Another worker that had the partition so lately may have calls under way: places are saved every ten seconds. */
const RECENTLY_MS = 60_000;

/** Where a partition begins; each step is durable before the next, and a crash in between leads to the same again. */
async function settleStart(partition: number, deps: Opening): Promise<SettledStart> {
  const { consumer, memory, gaps, logger, metrics } = deps;
  const { facts, topic } = await findFacts(partition, deps);
  const { topicId } = facts;
  const decision = decideStart(facts);
  const { begin, gap, memoryAt } = decision;
  if (gap !== null) {
    await gaps.add(gap.from, gap.until);
    metrics.gapFound();
  }
  reportStart(partition, facts, decision, logger);
  if (decision.commitFirst) {
    const result = await consumer.commit({ partition, offset: begin });
    // The client tells that it was expelled only once this is over.
    if (result === 'fenced') throw new Stopping();
    if (result !== 'committed') throw new Error(`its first offset can't be committed (${result})`);
  }
  if (memoryAt !== null) {
    await memory.save([{ partition, topicId, offset: begin, at: memoryAt }]);
  }
  return { topicId, begin, at: memoryAt ?? facts.memory?.at ?? facts.now, topic };
}

function reportStart(
  partition: number,
  { committed, log }: StartFacts,
  { begin, gap, why }: StartDecision,
  logger: Logger,
): void {
  const fields = { partition, why, committed, begin, low: log.low, high: log.high };
  if (gap === null) logger.debug('partition_opened', fields);
  else logger.error('offsets_lost', { ...fields, from: gap.from, to: gap.until });
}

async function findFacts(
  partition: number,
  deps: Opening,
): Promise<Readonly<{ facts: StartFacts; topic: SettledStart['topic'] }>> {
  const { consumer, memory, checkpointAt, earliest, now, workerId } = deps;
  const { id: topicId, partitions } = await deps.topic();
  // All at once: until the answers, nobody reads the partition.
  const [committed, bounds, firstMessageAt, found, first, checkpoint] = await Promise.all([
    consumer.committed([partition]),
    consumer.bounds(partition),
    consumer.firstMessageAt(partition),
    deps.places(),
    memory.firstStart({ topicId, partitions, at: new Date(now()) }),
    checkpointAt(),
  ]);
  const remembered = found.find((place) => place.partition === partition) ?? null;
  const isTakenOver =
    remembered !== null &&
    remembered.workerId !== workerId &&
    (remembered.savedAt?.getTime() ?? now()) > now() - RECENTLY_MS;
  const facts: StartFacts = {
    committed: committed.get(partition) ?? null,
    log: { ...bounds, firstMessageAt },
    topicId,
    memory: remembered === null ? null : readable(remembered),
    isAdded: first.topicId !== topicId || partition >= first.partitions,
    firstStart: await findFirstStart(partition, { ...first, checkpoint }, deps),
    now: new Date(now()),
    earliest: earliest(),
  };
  return { facts, topic: { partitions, isTakenOver } };
}

/** A row that can't be read stands for another topic: what it may be about is searched for. */
function readable({ topicId, offset, at }: TopicPlace): StartFacts['memory'] {
  return { topicId: topicId ?? '', offset: offset ?? 0, at };
}

async function findFirstStart(
  partition: number,
  { isNew, at, checkpoint }: FirstStartOfTopic & Readonly<{ checkpoint: Date | null }>,
  { consumer, startAt }: OpeningDeps,
): Promise<FirstStart | null> {
  const times = firstStartTimes({ startAt, checkpointAt: checkpoint });
  if (times !== null) {
    const offset = await consumer.offsetAt(partition, times.messagesFrom);
    return { from: times.from, offset, isOfTopic: false };
  }
  // Other members began at the end then, each when it was assigned its partitions.
  if (isNew) return null;
  return { from: at, offset: await consumer.offsetAt(partition, at), isOfTopic: true };
}
