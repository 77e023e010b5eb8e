import { randomUUID } from 'node:crypto';
import type { Lease, LeaseStore } from '../pipeline/ports.ts';
import { createPatience, withDeadline } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { hasOddEpoch, hasRunOut, isEpoch, leaseProblem, nextEpoch } from './leaseRow.ts';
import { PARTITION, type StateCollections } from './stateCollections.ts';
import { tellNobody, type TellUnreadable } from './unreadableRows.ts';

/** A stop waits for it, and it is tried twice. */
const RELEASE_LIMIT = [1_000, 1_000] as const;

/**
 * One row per partition: who works on it, until when, and the how-manieth owner that is (`epoch`). All by
 * the server's clock. Not a TTL index: MongoDB looks at those once a minute.
 */
export function createLeaseStore(options: {
  readonly leases: StateCollections['leases'];
  /** Its row keeps the epoch of the last holder, should the lease's own row be lost. */
  readonly checkpoints: StateCollections['checkpoints'];
  readonly owner: string;
  readonly ttlMs: number;
  readonly unreadable?: TellUnreadable;
}): LeaseStore {
  const { leases, checkpoints, owner, ttlMs, unreadable = tellNobody } = options;
  /** Tells this process from others, whatever `owner` they were given. */
  const taker = randomUUID();
  const validMs = 0.8 * ttlMs;
  const limit = createPatience([Math.min(ttlMs / 3, 5_000), Math.min(validMs, 15_000)]);
  const until = { $add: ['$$NOW', ttlMs] };
  const projection = { epoch: 1, mended: 1 } as const;
  const held = { taker, owner: { $literal: owner }, epoch: nextEpoch, until, mended: leaseProblem };
  const take = async (): Promise<Lease | null> => {
    const row = await withDeadline(limit, () =>
      leases.findOneAndUpdate(
        // Whoever asks has no term under way: one of its own that is there it did not get to know of, or has lost.
        { _id: PARTITION, $or: [{ $expr: hasRunOut }, { taker }] },
        [{ $set: held }],
        { returnDocument: 'after', projection },
      ),
    );
    if (row === null) return null;
    const problem: unknown = row['mended'];
    if (typeof problem === 'string') {
      const advice = 'it was written anew; nothing is to be done';
      unreadable({ collection: leases.collectionName, id: PARTITION, problem, advice });
    }
    const taken = row['epoch'] as number;
    const saved = await savedEpoch();
    const epoch = taken > saved ? taken : await raise(taken, saved + 1);
    // Before anything is done in its name: should the row be deleted, its successor is to have another one.
    const isOlder = { $or: [...hasOddEpoch, { epoch: { $lt: epoch } }] };
    await withDeadline(limit, () =>
      checkpoints.updateOne({ _id: PARTITION, ...isOlder }, { $set: { epoch } }),
    );
    return { epoch };
  };
  /** Of a row that was restored to an older state, or could not be read: the checkpoint's row would refuse its holders. */
  const raise = async (epoch: number, to: number): Promise<number> => {
    await withDeadline(limit, () =>
      leases.updateOne({ _id: PARTITION, taker, epoch }, { $set: { epoch: to } }),
    );
    return to;
  };
  /** Where a new row begins: were it anew at 0, the checkpoint's row would refuse its holders. */
  const savedEpoch = async (): Promise<number> => {
    // A part of it that is no epoch may be one that the driver refuses to read.
    const found = await withDeadline(limit, () =>
      checkpoints.find({ _id: PARTITION }, { projection, ...asBytes }).toArray(),
    );
    const epoch: unknown = decodeAll(found)[0]?.['epoch'];
    return isEpoch(epoch) ? epoch : 0;
  };
  return {
    async acquire() {
      const lease = await take();
      if (lease !== null) return lease;
      const row = await withDeadline(limit, () =>
        leases.findOne({ _id: PARTITION }, { projection: { _id: 1 } }),
      );
      if (row !== null) return null;
      const epoch = await savedEpoch();
      // An upsert can't ask for the server's time, so a row that is missing is added by itself.
      const added = await withDeadline(limit, () =>
        leases.updateOne(
          { _id: PARTITION },
          { $setOnInsert: { epoch, until: new Date(0) } },
          { upsert: true },
        ),
      );
      return added.upsertedCount === 1 ? await take() : null;
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
