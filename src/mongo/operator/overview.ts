import { limits, withDeadline } from '../calls.ts';
import type { StateCollections } from '../stateCollections.ts';

export interface CheckpointFacts {
  readonly partition: string;
  /** Everything written before is settled. */
  readonly at: Date | null;
  readonly savedAt: Date | null;
  readonly worker: string | null;
}

export interface LeaseFacts {
  readonly partition: string;
  readonly worker: string | null;
  readonly epoch: number;
  readonly until: Date;
  /** By the server's clock. */
  readonly isHeld: boolean;
}

export interface GapFacts {
  readonly from: Date;
  readonly to: Date;
  readonly recovered: number;
  readonly unplaceable: number;
}

/** What the worker's own rows say of it; `now` is the server's time. Rejects when the database does not answer. */
export async function readOverview({
  checkpoints,
  leases,
  gaps,
}: Pick<StateCollections, 'checkpoints' | 'leases' | 'gaps'>): Promise<{
  readonly checkpoints: readonly CheckpointFacts[];
  readonly leases: readonly LeaseFacts[];
  readonly gaps: readonly GapFacts[];
}> {
  const [saved, held, open] = await Promise.all([
    withDeadline(limits.question, () => checkpoints.find().toArray()),
    withDeadline(limits.question, () => leases.aggregate(withHeld).toArray()),
    withDeadline(limits.question, () => gaps.find({}, { sort: { createdAt: 1 } }).toArray()),
  ]);
  return {
    checkpoints: saved.map((row) => ({
      partition: row._id,
      at: dateOf(row['wallTime']),
      savedAt: dateOf(row['savedAt']),
      worker: textOf(row['owner']),
    })),
    leases: held.map((row) => ({
      partition: String(row['_id']),
      worker: textOf(row['owner']),
      epoch: Number(row['epoch']),
      until: dateOf(row['until']) ?? new Date(0),
      isHeld: row['isHeld'] === true,
    })),
    gaps: open.map((row) => ({
      from: row['from'] as Date,
      to: row['to'] as Date,
      recovered: Number(row['recovered'] ?? 0),
      unplaceable: Number(row['unplaceable'] ?? 0),
    })),
  };
}

const withHeld = [{ $set: { isHeld: { $gt: ['$until', '$$NOW'] } } }];

function dateOf(value: unknown): Date | null {
  return value instanceof Date ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
