import { randomUUID } from 'node:crypto';
import type { Collection, Document } from 'mongodb';
import type { Lease, LeaseStore, Standbys } from '../ports/source.ts';
import { createPatience, findAll, limits, withDeadline, type Patience } from './calls.ts';
import { hasOddEpoch, PARTITION, type CheckpointRows } from './checkpoints.ts';
import { reportNothing, type ReportUnreadable } from './storedRow.ts';

/** Which worker has a partition, and until when; or a standby. */
export interface LeaseRow {
  readonly _id: string;
  /** The number of owners so far. */
  readonly epoch?: number;
  readonly until?: Date;
  /** The process that has it. Missing once it is released. */
  readonly taker?: string;
  /** For people. */
  readonly owner?: string;
  /** What was wrong with the row before it was taken. */
  readonly mended?: string;
  /** The workers that take statuses from a topic instead, and until when: nobody is given the lease until then. */
  readonly topic?: readonly TopicMember[];
  /** The standby, for people, and when it was last seen. */
  readonly standby?: string;
  readonly seenAt?: Date;
}

interface TopicMember {
  readonly member: string;
  readonly until: Date;
}

export type LeaseRows = Collection<LeaseRow>;

/** A stop waits for it, and it is tried twice. */
export const RELEASE_LIMIT = [1_000, 1_000] as const;

/**
 * One row per partition: who works on it, until when, and how many have owned it so far (`epoch`). All by the server's
 * clock. Not a TTL index: MongoDB looks at those once a minute.
 */
export function createLeaseStore(options: {
  readonly leases: LeaseRows;
  /** Its row keeps the epoch of the last holder, should the lease's own row be lost. */
  readonly checkpoints: CheckpointRows;
  readonly owner: string;
  readonly ttlMs: number;
  readonly unreadable?: ReportUnreadable;
}): LeaseStore {
  const { leases, checkpoints, owner, ttlMs, unreadable = reportNothing } = options;
  /** Tells this process from others, whatever `owner` they were given. */
  const taker = randomUUID();
  const validMs = 0.8 * ttlMs;
  const limit = leasePatience(ttlMs);
  const until = { $add: ['$$NOW', ttlMs] };
  const projection = { epoch: 1, mended: 1 } as const;
  const whose = { taker, owner: { $literal: owner }, topic: '$$REMOVE' };
  const held = { ...whose, epoch: nextEpoch, until, mended: leaseProblem };
  const take = async (): Promise<Lease | null> => {
    const row = await withDeadline(limit, () =>
      leases.findOneAndUpdate(
        // Whoever asks has no current term: if the row says so, its answer was lost, or the term was.
        { _id: PARTITION, $or: [{ $expr: hasRunOut }, { taker }], $expr: isWithoutTopic },
        [{ $set: held }],
        { returnDocument: 'after', projection },
      ),
    );
    if (row === null) return null;
    const problem: unknown = row['mended'];
    if (typeof problem === 'string') {
      const advice = 'it was rewritten; nothing needs to be done';
      unreadable({ collection: leases.collectionName, id: PARTITION, problem, advice });
    }
    const taken = row['epoch'] as number;
    const saved = await savedEpoch(checkpoints, limit);
    const epoch = taken > saved ? taken : await raise(taken, saved + 1);
    // Before anything is done in its name: should the row be deleted, its successor must get another epoch.
    const isOlder = { $or: [...hasOddEpoch, { epoch: { $lt: epoch } }] };
    await withDeadline(limit, () =>
      checkpoints.updateOne({ _id: PARTITION, ...isOlder }, { $set: { epoch } }),
    );
    return { epoch };
  };
  /** For a row that was restored to an older state, or could not be read: the checkpoint's row would refuse its holders. */
  const raise = async (epoch: number, to: number): Promise<number> => {
    await withDeadline(limit, () =>
      leases.updateOne({ _id: PARTITION, taker, epoch }, { $set: { epoch: to } }),
    );
    return to;
  };
  return {
    async acquire() {
      const lease = await take();
      if (lease !== null) return lease;
      return (await addLeaseRow({ leases, checkpoints }, limit)) ? await take() : null;
    },
    async renew({ epoch }) {
      // An answer is of use for as long as the lease may still hold; by then it has been asked for again.
      const result = await withDeadline([validMs, validMs], () =>
        leases.updateOne({ _id: PARTITION, taker, epoch }, [{ $set: { until } }]),
      );
      return result.matchedCount === 1;
    },
    async release({ epoch }) {
      // Without its taker a renewal that is carried out late does not find it. Undone by a fail-over, it runs out.
      const free = { $set: { until: new Date(0) }, $unset: { taker: 1 } } as const;
      await withDeadline(RELEASE_LIMIT, () =>
        leases.updateOne({ _id: PARTITION, taker, epoch }, free, { writeConcern: { w: 1 } }),
      );
    },
  };
}

/** For what is asked again and again while the lease may run out. */
export function leasePatience(ttlMs: number): Patience {
  return createPatience([Math.min(ttlMs / 3, 5_000), Math.min(0.8 * ttlMs, 15_000)]);
}

interface LeaseState {
  readonly leases: LeaseRows;
  readonly checkpoints: CheckpointRows;
}

/** Adds the lease's row, as one that nobody has, where it is missing; whether it was. */
export async function addLeaseRow(
  { leases, checkpoints }: LeaseState,
  limit: Patience,
): Promise<boolean> {
  const row = await withDeadline(limit, () =>
    leases.findOne({ _id: PARTITION }, { projection: { _id: 1 } }),
  );
  if (row !== null) return false;
  const epoch = await savedEpoch(checkpoints, limit);
  // An upsert can't ask for the server's time, so a row that is missing is added by itself.
  const added = await withDeadline(limit, () =>
    leases.updateOne(
      { _id: PARTITION },
      { $setOnInsert: { epoch, until: new Date(0) } },
      { upsert: true },
    ),
  );
  return added.upsertedCount === 1;
}

/** Where a new row begins: if it began at 0, the checkpoint's row would refuse its holders. */
async function savedEpoch(checkpoints: CheckpointRows, limit: Patience): Promise<number> {
  // A value that is no epoch may be one that the driver refuses to read.
  const projection = { epoch: 1 };
  const found = await findAll(limit, checkpoints, { _id: PARTITION }, { projection });
  const epoch: unknown = found[0]?.['epoch'];
  return Number.isSafeInteger(epoch) ? Math.max(0, Number(epoch)) : 0;
}

const asEpoch = { $convert: { input: '$epoch', to: 'long', onError: -1, onNull: -1 } };
const isCount = {
  $and: [{ $gte: [asEpoch, 0] }, { $lt: [asEpoch, Number.MAX_SAFE_INTEGER - 1] }],
};
/** A count that a worker can continue from; whole decimals are, too. */
const isReadableEpoch = { $and: [{ $isNumber: '$epoch' }, isCount] };

/** The one after the row's; the first where the row's can't be read. */
const nextEpoch: Document = { $add: [{ $cond: [isReadableEpoch, asEpoch, 0] }, 1] };

const isUntilDate = { $eq: [{ $type: '$until' }, 'date'] };

/** A lease that has run out, or whose end is no time: some values sort after all dates. */
export const hasRunOut: Document = {
  $or: [{ $not: isUntilDate }, { $lt: ['$until', '$$NOW'] }],
};

const isMemberThere = {
  $and: [{ $eq: [{ $type: '$$this.until' }, 'date'] }, { $gt: ['$$this.until', '$$NOW'] }],
};
/** The workers that take statuses from a topic, those whose time is not up. */
export const topicMembers: Document = {
  $filter: { input: { $cond: [{ $isArray: '$topic' }, '$topic', []] }, cond: isMemberThere },
};
const isWithoutTopic: Document = { $eq: [{ $size: topicMembers }, 0] };

/** What is wrong with a lease's row; no field when nothing is. */
const leaseProblem: Document = {
  $switch: {
    branches: [
      { case: { $not: isUntilDate }, then: 'until must be a date' },
      { case: { $not: isReadableEpoch }, then: 'epoch must be a count' },
    ],
    default: '$$REMOVE',
  },
};

/** What the `_id`s of standbys' rows begin with; those of partitions do not. */
export const STANDBY = 'standby ';

const SHOW_EVERY_MS = 5_000;
/** Rows of processes that ended without removing theirs. */
const FORGET_AFTER_MS = 24 * 3_600_000;

/** One row for each worker that stands by, beside the leases; `seenAt` is by the server's clock. */
export function createStandbyStore(leases: LeaseRows, owner: string): Standbys {
  /** Two processes may have been given the same name. */
  const _id = `${STANDBY}${randomUUID()}`;
  const row = { standby: { $literal: owner }, seenAt: '$$NOW' };
  const isOld = { $lt: ['$seenAt', { $subtract: ['$$NOW', FORGET_AFTER_MS] }] };
  let shownAtMs: number | null = null;
  let writing: Promise<unknown> = Promise.resolve();
  /** One write after the other. What fails is ignored: nothing but what operators see depends on it. */
  const inTurn = async (write: () => Promise<unknown>): Promise<void> => {
    writing = writing.then(write).catch(() => undefined);
    await writing;
  };
  return {
    async seen() {
      const now = performance.now();
      if (shownAtMs !== null && now - shownAtMs < SHOW_EVERY_MS) return;
      const isFirst = shownAtMs === null;
      shownAtMs = now;
      await inTurn(() =>
        withDeadline(limits.ending, () =>
          leases.updateOne({ _id }, [{ $set: row }], { upsert: true }),
        ),
      );
      if (!isFirst) return;
      await inTurn(() =>
        withDeadline(limits.ending, () =>
          leases.deleteMany({ standby: { $exists: true }, $expr: isOld }),
        ),
      );
    },
    async left() {
      if (shownAtMs === null) return;
      shownAtMs = null;
      await inTurn(() => withDeadline(limits.ending, () => leases.deleteOne({ _id })));
    },
  };
}
