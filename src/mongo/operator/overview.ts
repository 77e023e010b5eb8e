import { limits, withDeadline } from '../calls.ts';
import { asBytes, decodeAll } from '../decodeDocument.ts';
import type { StateCollections } from '../stateCollections.ts';
import { dateOf, nameOf, numberOf, textOf, unreadableIn, type ShownRow } from './shownRow.ts';

export interface CheckpointFacts extends ShownRow {
  readonly partition: string;
  /** Everything written before is settled. */
  readonly at: Date | null;
  readonly savedAt: Date | null;
  readonly worker: string | null;
}

export interface LeaseFacts extends ShownRow {
  readonly partition: string;
  readonly worker: string | null;
  readonly epoch: number | null;
  readonly until: Date | null;
  /** By the server's clock. */
  readonly isHeld: boolean;
}

export interface GapFacts extends ShownRow {
  readonly id: string;
  readonly from: Date | null;
  readonly to: Date | null;
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
    withDeadline(limits.question, () => checkpoints.find({}, asBytes).toArray()),
    withDeadline(limits.question, () => leases.aggregate(withHeld, asBytes).toArray()),
    withDeadline(limits.question, () =>
      gaps.find({}, { sort: { createdAt: 1 }, ...asBytes }).toArray(),
    ),
  ]);
  return {
    checkpoints: decodeAll(saved).map((row) => ({
      partition: nameOf(row),
      at: dateOf(row['wallTime']),
      savedAt: dateOf(row['savedAt']),
      worker: textOf(row['owner']),
      ...unreadableIn('checkpoint', row),
    })),
    leases: decodeAll(held).map((row) => ({
      partition: nameOf(row),
      worker: textOf(row['owner']),
      epoch: numberOf(row['epoch']),
      until: dateOf(row['until']),
      isHeld: row['isHeld'] === true,
      ...unreadableIn('lease', row),
    })),
    gaps: decodeAll(open).map((row) => ({
      id: nameOf(row),
      from: dateOf(row['from']),
      to: dateOf(row['to']),
      recovered: numberOf(row['recovered']) ?? 0,
      unplaceable: numberOf(row['unplaceable']) ?? 0,
      ...unreadableIn('gap', row),
    })),
  };
}

const withHeld = [
  {
    $set: {
      isHeld: { $and: [{ $eq: [{ $type: '$until' }, 'date'] }, { $gt: ['$until', '$$NOW'] }] },
    },
  },
];
