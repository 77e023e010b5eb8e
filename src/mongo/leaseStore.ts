import { randomUUID } from 'node:crypto';
import type { Lease, LeaseStore } from '../pipeline/ports.ts';
import { createPatience, withDeadline } from './calls.ts';
import { PARTITION, type StateCollections } from './stateCollections.ts';

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
}): LeaseStore {
  const { leases, checkpoints, owner, ttlMs } = options;
  /** Tells this process from others, whatever `owner` they were given. */
  const taker = randomUUID();
  const validMs = 0.8 * ttlMs;
  const limit = createPatience([Math.min(ttlMs / 3, 5_000), Math.min(validMs, 15_000)]);
  const until = { $add: ['$$NOW', ttlMs] };
  const take = async (): Promise<Lease | null> => {
    const row = await withDeadline(limit, () =>
      leases.findOneAndUpdate(
        // Whoever asks has no term under way: one of its own that is there it did not get to know of, or has lost.
        { _id: PARTITION, $or: [{ $expr: { $lt: ['$until', '$$NOW'] } }, { taker }] },
        [{ $set: { taker, owner: { $literal: owner }, epoch: { $add: ['$epoch', 1] }, until } }],
        { returnDocument: 'after' },
      ),
    );
    if (row === null) return null;
    const epoch = row['epoch'] as number;
    // Before anything is done in its name: should the row be deleted, its successor is to have another one.
    const isOlder = { $or: [{ epoch: { $exists: false } }, { epoch: { $lt: epoch } }] };
    await withDeadline(limit, () =>
      checkpoints.updateOne({ _id: PARTITION, ...isOlder }, { $set: { epoch } }),
    );
    return { epoch };
  };
  /** Where a new row begins: were it anew at 0, the checkpoint's row would refuse its holders. */
  const savedEpoch = async (): Promise<number> => {
    const row = await withDeadline(limit, () =>
      checkpoints.findOne({ _id: PARTITION }, { projection: { epoch: 1 } }),
    );
    const epoch: unknown = row?.['epoch'];
    return typeof epoch === 'number' ? epoch : 0;
  };
  return {
    async acquire() {
      const lease = await take();
      if (lease !== null) return lease;
      const row = await withDeadline(limit, () => leases.findOne({ _id: PARTITION }));
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
