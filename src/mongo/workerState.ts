import type { Document } from 'mongodb';
import { NO_ENDPOINT } from '../ports/retries.ts';
import type { Logger } from '../runtime/logger.ts';
import { findBlockedEndpoints } from './blockedEndpoints.ts';
import { aggregateAll, findAll, limits, withDeadline } from './calls.ts';
import { PARTITION } from './checkpoints.ts';
import type { StateCollections } from './database.ts';
import { disabledRows } from './endpoints.ts';
import { STANDBY, topicMembers } from './leases.ts';
import { createOplogReader } from './oplogReader.ts';
import { dueIndex } from './retryRow.ts';
import { isTopicMemory } from './topicMemory.ts';
import { dateOf, kinds, show, textOf, type Shown } from './storedRow.ts';

/** Counted one by one up to here, which takes the server about 10 ms. */
const COUNTED_EXACTLY = 10_000;
/** By an index alone that is a tenth of a second. */
const BLOCKED_COUNTED = 100_000;

/** Reads for the gauges, cheap however much there is. Each rejects when the database does not answer. */
export function createStateReaders(options: {
  readonly state: StateCollections;
  readonly rememberMs: number;
  readonly logger: Logger;
}) {
  const { state, rememberMs, logger } = options;
  const { retries, endpoints, checkpoints } = state;
  const { client } = retries.db;
  const oplog = createOplogReader({ client, rememberMs, logger });
  let asking: Promise<readonly string[]> | null = null;
  /** Gauges that are read together ask once. */
  const blockedKeys = async (): Promise<readonly string[]> => {
    asking ??= findBlockedEndpoints(state, limits.gauge).finally(() => {
      asking = null;
    });
    return await asking;
  };
  return {
    /** Exact up to 10,000, then what the server keeps count of, which a crash of it may leave a bit off. */
    async retriesPending(): Promise<number> {
      // By an index alone: the rows hold whole bodies.
      const exact = { hint: { _id: 1 }, limit: COUNTED_EXACTLY };
      const counted = await withDeadline(limits.gauge, () => retries.countDocuments({}, exact));
      if (counted < COUNTED_EXACTLY) return counted;
      const roughly = await withDeadline(limits.gauge, () => retries.estimatedDocumentCount());
      return Math.max(counted, roughly);
    },
    /** Behind an open breaker or a disabled endpoint, due or not; exact up to 100,000, and no more than that. */
    async retriesBlocked(): Promise<number> {
      const keys = await blockedKeys();
      if (keys.length === 0) return 0;
      const rows = { endpoint: { $in: [...keys] } };
      const limit = BLOCKED_COUNTED;
      return await withDeadline(limits.gauge, () => retries.countDocuments(rows, { limit }));
    },
    /** By the server's clock, how long the oldest row has been due that could be called; 0 when none is. */
    async oldestOverdueSeconds(): Promise<number> {
      const keys = await blockedKeys();
      const [oldest] = await withDeadline(limits.gauge, () =>
        retries.aggregate<Overdue>(oldestOverdueBut([...keys, NO_ENDPOINT])).toArray(),
      );
      return Math.max(0, oldest?.overdueMs ?? 0) / 1_000;
    },
    endpointsDisabled: async (): Promise<number> =>
      await withDeadline(limits.gauge, () => endpoints.countDocuments(disabledRows)),
    /** Of the checkpoint as it is saved, by whichever worker; null when there is none. */
    async checkpointAt(): Promise<Date | null> {
      const projection = { wallTime: 1 };
      const row = await withDeadline(limits.gauge, () =>
        checkpoints.findOne({ _id: PARTITION }, { projection }),
      );
      const wallTime: unknown = row?.['wallTime'];
      return wallTime instanceof Date ? wallTime : null;
    },
    /** See `createOplogReader`. */
    oldestOplogEntryAt: oplog.oldestEntryAt,
  };
}

interface Overdue {
  /** Negative for a row that is not due yet. */
  readonly overdueMs: number;
}

/**
 * A claimed row's `nextAttemptAt` is the end of its claim, so a claim that ran out counts as due. Reads one index entry
 * for each endpoint, as the search for due ones does: there may be any number of rows before the first that counts.
 */
function oldestOverdueBut(endpoints: readonly string[]): Document[] {
  return [
    { $match: { nextAttemptAt: { $type: 'date' } } },
    { $sort: dueIndex },
    { $group: { _id: '$endpoint', nextAttemptAt: { $first: '$nextAttemptAt' } } },
    { $match: { _id: { $nin: [...endpoints] } } },
    { $group: { _id: null, first: { $min: '$nextAttemptAt' } } },
    { $project: { _id: 0, overdueMs: { $toDouble: { $subtract: ['$$NOW', '$first'] } } } },
  ];
}

const checkpointView = {
  partition: ['_id', kinds.name],
  /** Everything written before is acknowledged. */
  at: ['wallTime', kinds.dateOrNull],
  savedAt: ['savedAt', kinds.dateOrNull],
  worker: ['owner', kinds.textOrNull],
} as const;
const leaseView = {
  partition: ['_id', kinds.name],
  worker: ['owner', kinds.textOrNull],
  epoch: ['epoch', kinds.count],
  until: ['until', kinds.date],
  /** By the server's clock. */
  isHeld: ['isHeld', kinds.flag],
} as const;
const gapView = {
  id: ['_id', kinds.name],
  from: ['from', kinds.date],
  to: ['to', kinds.date],
  recovered: ['recovered', kinds.countOrNone],
  unplaceable: ['unplaceable', kinds.countOrNone],
} as const;

export type CheckpointFacts = Shown<typeof checkpointView>;
export type LeaseFacts = Shown<typeof leaseView>;
export type GapFacts = Shown<typeof gapView>;

/** A worker that is ready to take over. */
export interface StandbyFacts {
  readonly worker: string;
  readonly seenAt: Date;
}

export type Overview = Awaited<ReturnType<typeof readOverview>>;

/** Whether any worker takes statuses, from the change stream or from a topic. */
export function isWorking({
  leases,
  topicWorkers,
}: Pick<Overview, 'leases' | 'topicWorkers'>): boolean {
  return topicWorkers > 0 || leases.some(({ isHeld }) => isHeld);
}

/** What the worker's own rows say of it; `now` is the server's time. Rejects when the database does not answer. */
export async function readOverview({
  checkpoints,
  leases,
  gaps,
}: Pick<StateCollections, 'checkpoints' | 'leases' | 'gaps'>): Promise<{
  readonly checkpoints: readonly CheckpointFacts[];
  readonly leases: readonly LeaseFacts[];
  readonly standbys: readonly StandbyFacts[];
  /** How many workers take statuses from a topic instead: then none has the lease. */
  readonly topicWorkers: number;
  readonly gaps: readonly GapFacts[];
}> {
  const [saved, held, open] = await Promise.all([
    findAll(limits.question, checkpoints, { _id: { $not: isTopicMemory } }),
    aggregateAll(limits.question, leases, withHeld),
    findAll(limits.question, gaps, {}, { sort: { createdAt: 1 } }),
  ]);
  return {
    checkpoints: saved.map((row) => show(row, checkpointView)),
    leases: held.filter((row) => !isStandby(row)).map((row) => show(row, leaseView)),
    standbys: held.filter(isStandby).flatMap(toStandby),
    topicWorkers: held.reduce((sum, row) => sum + Number(row['topicWorkers']), 0),
    gaps: open.map((row) => show(row, gapView)),
  };
}

function isStandby(row: Document): boolean {
  return kinds.name.show(row['_id']).startsWith(STANDBY);
}

function toStandby(row: Document): readonly StandbyFacts[] {
  const worker = textOf(row['standby']);
  const seenAt = dateOf(row['seenAt']);
  return row['isThere'] === true && worker !== null && seenAt !== null ? [{ worker, seenAt }] : [];
}

/** One that has not been seen for so long has ended without a word. */
const GONE_AFTER_MS = 20_000;

const withHeld = [
  {
    $set: {
      isThere: { $gt: ['$seenAt', { $subtract: ['$$NOW', GONE_AFTER_MS] }] },
      isHeld: { $and: [{ $eq: [{ $type: '$until' }, 'date'] }, { $gt: ['$until', '$$NOW'] }] },
      topicWorkers: { $size: topicMembers },
    },
  },
];
