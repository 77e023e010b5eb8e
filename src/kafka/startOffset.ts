/** What MongoDB remembers of a partition, beside the offset that is committed in Kafka. */
interface PartitionMemory {
  /** Of the topic it was; a topic that was deleted and made anew has another. */
  readonly topicId: string;
  readonly offset: number;
  /** No message at or after `offset` is of a write before this time. */
  readonly at: Date;
}

/** The messages that the broker has. */
interface PartitionLog {
  /** Of the oldest message. */
  readonly low: number;
  /** Of the next one to be written: equal to `low` when there is none. */
  readonly high: number;
  /** When the oldest message was written, after the write that it tells of; null when there is none, or not known. */
  readonly firstMessageAt: Date | null;
}

/** Where the first start ever begins. */
export interface FirstStart {
  /** Statuses from then on are wanted. */
  readonly from: Date;
  /** Of the first message that was written at `messagesFrom` or later; null when there is none. */
  readonly offset: number | null;
  /** The topic was there at `from`, and messages were written into it. */
  readonly isOfTopic: boolean;
}

export interface StartFacts {
  /** Null when the group has committed none for the partition. */
  readonly committed: number | null;
  readonly log: PartitionLog;
  readonly topicId: string;
  readonly memory: PartitionMemory | null;
  /** The group worked on this topic before the partition was added to it. */
  readonly isAdded: boolean;
  /** Null for the end of the log. */
  readonly firstStart: FirstStart | null;
  readonly now: Date;
  /** Where a gap begins when nothing is remembered: statuses of before are not searched for. */
  readonly earliest: Date;
}

type StartReason =
  | 'committed'
  | 'first_start'
  | 'partition_added'
  | 'commit_missing'
  | 'commit_before_log'
  | 'commit_past_log'
  | 'topic_replaced';

/**
 * Carried out in this order, each step durable before the next: the gap, the commit, a memory row, reading. A crash in
 * between leads to the same decision again. A memory row before the commit would hide that the topic was replaced.
 */
export interface StartDecision {
  readonly begin: number;
  readonly commitFirst: boolean;
  /** What no message that is left can show. */
  readonly gap: Readonly<{ from: Date; until: Date }> | null;
  /** The `at` of the memory row for `begin`; null when the row is to stay as it is. */
  readonly memoryAt: Date | null;
  readonly why: StartReason;
}

/** By so much the clocks of MongoDB and of who writes messages may disagree. */
const MARGIN_MS = 60_000;

/**
 * Which times matter on the first start: statuses are wanted that were set at `from` or later, and their messages are
 * written at `messagesFrom` or later. Null for the end of the log.
 */
export function firstStartTimes({
  startAt,
  checkpointAt,
}: Readonly<{
  startAt: Date | null;
  /** Of the change stream, where the worker read it before. */
  checkpointAt: Date | null;
}>): Readonly<{ from: Date; messagesFrom: Date }> | null {
  const from = startAt ?? checkpointAt;
  return from === null ? null : { from, messagesFrom: earlier(from) };
}

const earlier = (time: Date): Date => new Date(time.getTime() - MARGIN_MS);
const later = (time: Date): Date => new Date(time.getTime() + MARGIN_MS);

/** Where a member that was assigned a partition begins to read it, so that no status is passed over. */
export function decideStart(facts: StartFacts): StartDecision {
  const { committed, memory, log, topicId } = facts;
  if (memory !== null && memory.topicId !== topicId) return afterLoss('topic_replaced', facts);
  if (Math.max(committed ?? 0, memory?.offset ?? 0) > log.high) {
    return afterLoss('commit_past_log', facts);
  }
  if (committed !== null && committed >= log.low) {
    return { begin: committed, commitFirst: false, gap: null, memoryAt: null, why: 'committed' };
  }
  const why = committed === null ? 'commit_missing' : 'commit_before_log';
  if (memory !== null && memory.offset >= log.low) {
    return { begin: memory.offset, commitFirst: true, gap: null, memoryAt: null, why };
  }
  if (committed !== null || memory !== null) return afterLoss(why, facts);
  return facts.isAdded ? atAddedPartition(facts) : atFirstStart(facts);
}

/** The connector may have written to it before anybody was assigned to it. */
function atAddedPartition({ log, earliest }: StartFacts): StartDecision {
  return {
    begin: log.low,
    commitFirst: true,
    gap: null,
    memoryAt: earliest,
    why: 'partition_added',
  };
}

function atFirstStart({ log, firstStart, now }: StartFacts): StartDecision {
  const found = firstStart?.offset ?? log.high;
  const begin = Math.min(Math.max(found, log.low), log.high);
  const first = { begin, commitFirst: true, why: 'first_start' } as const;
  if (firstStart === null) return { ...first, gap: null, memoryAt: earlier(now) };
  const { from, isOfTopic } = firstStart;
  // Nothing is missing from a log that begins with the topic, nor from one with a message before `begin`.
  const reachesBack = begin > log.low || (isOfTopic && log.low === 0);
  const until = reachesBack ? from : beforeFirst(log, now);
  const memoryAt = from < now ? from : earlier(now);
  return { ...first, gap: from < until ? { from, until } : null, memoryAt };
}

type LossReason = Exclude<StartReason, 'committed' | 'first_start' | 'partition_added'>;

function afterLoss(why: LossReason, facts: StartFacts): StartDecision {
  const { log, memory, earliest } = facts;
  const from = memory?.at ?? earliest;
  return {
    begin: log.low,
    commitFirst: true,
    gap: ordered(from, lostUntil(why, facts)),
    memoryAt: from,
    why,
  };
}

/**
 * Messages that were deleted at the start of the log were written before the oldest that is left. Those that are missing
 * at its end may have been written at any time until now, and so may all of them when none is left.
 */
function lostUntil(why: LossReason, { log, now }: StartFacts): Date {
  return why === 'commit_past_log' ? now : beforeFirst(log, now);
}

/** No message that was written before the oldest one is of a later write. */
function beforeFirst({ firstMessageAt }: PartitionLog, now: Date): Date {
  return firstMessageAt === null ? now : later(firstMessageAt);
}

/** Clocks may disagree. */
function ordered(from: Date, until: Date): Readonly<{ from: Date; until: Date }> {
  return { from: from < until ? from : until, until };
}
