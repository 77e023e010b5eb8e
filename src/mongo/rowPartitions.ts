import type { Filter } from 'mongodb';
import type { DocumentKey } from '../domain/change.ts';
import type { Partitioning } from '../ports/partitioning.ts';
import type { RetryRow } from './retryRow.ts';

/** Partitions whose rows are meant; null for all rows, as under the lease. */
export type Partitions = readonly number[] | null;

/** The search for due rows of some partitions goes by it. */
export const partitionIndex = { partition: 1, endpoint: 1, nextAttemptAt: 1 } as const;

/** Beside `retryIndexes`, where rows are shared out by partition. */
export const partitionIndexes = [{ key: partitionIndex }];

type Stamp = Pick<RetryRow, 'partition' | 'keyHash'>;

/** Where a row belongs; nothing where the key is not known well enough: then `Placement` puts it into its partition. */
export function stampOf(
  documentKey: DocumentKey,
  { count, keyHashOf }: Pick<Partitioning, 'count' | 'keyHashOf'>,
): Stamp {
  const keyHash = keyHashOf(documentKey);
  return keyHash === null ? {} : { partition: keyHash % count(), keyHash };
}

export function inPartitions(partitions: Partitions): Filter<RetryRow> {
  return partitions === null ? {} : { partition: { $in: [...partitions] } };
}
