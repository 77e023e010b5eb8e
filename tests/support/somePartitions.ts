import { createHash } from 'node:crypto';
import { smsKey } from '../../src/domain/ids.ts';
import type { PlainDocument } from '../../src/domain/plainValue.ts';
import type { Partitioning } from '../../src/ports/partitioning.ts';

/** A 31-bit hash of an SMS' `_id`, as long as that is a text; as good as any. */
export function hashOf(id: unknown): number | null {
  if (typeof id !== 'string') return null;
  return createHash('md5').update(id).digest().readUInt32BE() % 2 ** 31;
}

/** What one worker has of a topic; a test may change it. */
export interface SomePartitions extends Partitioning {
  has: readonly number[];
  of: number;
}

export function somePartitions(has: readonly number[], of = 4): SomePartitions {
  const partitions: SomePartitions = {
    has,
    of,
    held: () => new Set(partitions.has),
    count: () => partitions.of,
    keyHashOf: ({ opaque }) => hashOf((opaque as PlainDocument | null)?.['_id']),
  };
  return partitions;
}

/** The names of so many SMS in this partition, of `of`. */
export function namesIn(partition: number, count: number, of = 4): readonly string[] {
  const names: string[] = [];
  for (let index = 0; names.length < count; index += 1) {
    const name = `sms-${partition}-${index}`;
    if ((hashOf(name) ?? 0) % of === partition && smsKey(name) === name) names.push(name);
  }
  return names;
}
