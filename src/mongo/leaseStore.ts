import type { Lease, LeaseStore } from '../pipeline/ports.ts';
import { withDeadline } from './calls.ts';
import { PARTITION, type StateCollections } from './stateCollections.ts';

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
  const limit = [ttlMs / 3, ttlMs / 3] as const;
  const until = { $add: ['$$NOW', ttlMs] };
  const take = async (): Promise<Lease | null> => {
    const row = await withDeadline(limit, () =>
      leases.findOneAndUpdate(
        { _id: PARTITION, $expr: { $lt: ['$until', '$$NOW'] } },
        [{ $set: { owner: { $literal: owner }, epoch: { $add: ['$epoch', 1] }, until } }],
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
      const result = await withDeadline(limit, () =>
        leases.updateOne({ _id: PARTITION, owner, epoch }, [{ $set: { until } }]),
      );
      return result.matchedCount === 1;
    },
    async release({ epoch }) {
      const free = { until: new Date(0) };
      await withDeadline(limit, () =>
        leases.updateOne({ _id: PARTITION, owner, epoch }, { $set: free }),
      );
    },
  };
}
