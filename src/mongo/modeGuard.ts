import { randomUUID } from 'node:crypto';
import type { Document } from 'mongodb';
import type { ModeGuard } from '../ports/source.ts';
import { withDeadline } from './calls.ts';
import { PARTITION, type CheckpointRows } from './checkpoints.ts';
import {
  addLeaseRow,
  hasRunOut,
  leasePatience,
  RELEASE_LIMIT,
  topicMembers,
  type LeaseRows,
} from './leases.ts';

/**
 * Keeps workers that take statuses from a topic and the one that takes them from the change stream from working at the
 * same time. Both ask for it in the row of the lease, each by one update with the condition that nobody of the other kind
 * is in it, by the server's clock: the server carries out one after the other, whoever comes first, and acknowledges it
 * when a majority has it. So no moment lies between a look and a write.
 */
export function createModeGuard(options: {
  readonly leases: LeaseRows;
  readonly checkpoints: CheckpointRows;
  readonly ttlMs: number;
}): ModeGuard {
  const { leases, ttlMs } = options;
  /** Two processes may have been given the same name. */
  const member = randomUUID();
  const limit = leasePatience(ttlMs);
  const others: Document = {
    $filter: { input: topicMembers, cond: { $ne: ['$$this.member', member] } },
  };
  const withUs = { $concatArrays: [others, [{ member, until: { $add: ['$$NOW', ttlMs] } }]] };
  // Without its taker a renewal of the lease that is carried out late does not find it.
  const lock = [{ $set: { topic: withUs, taker: '$$REMOVE' } }];
  const tryToLock = async (): Promise<boolean> => {
    const free = { _id: PARTITION, $expr: hasRunOut };
    return (await withDeadline(limit, () => leases.updateOne(free, lock))).matchedCount === 1;
  };
  const lockForTopic = async (): Promise<'held' | 'leaseInForce'> => {
    const isLocked =
      (await tryToLock()) || ((await addLeaseRow(options, limit)) && (await tryToLock()));
    return isLocked ? 'held' : 'leaseInForce';
  };
  return {
    lockForTopic,
    renew: lockForTopic,
    async release() {
      const ours = { _id: PARTITION, 'topic.member': member };
      const leave = [{ $set: { topic: others } }];
      await withDeadline(RELEASE_LIMIT, () =>
        leases.updateOne(ours, leave, { writeConcern: { w: 1 } }),
      );
    },
  };
}
