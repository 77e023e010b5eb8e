import type { Collection } from 'mongodb';
import { limits, withDeadline } from './calls.ts';

/** How the SMS collection was made, as far as queries have to go by it. */
export interface CollectionKind {
  /** Its documents lie in the order of `_id`, without an index on it. */
  readonly isClustered: boolean;
  /** Texts that differ may compare as equal: in an `_id`, in a status, wherever the server compares. */
  readonly hasCollation: boolean;
}

/** Dropped and made anew, it may be of another kind. */
const KEPT_MS = 5_000;

interface Known {
  readonly until: number;
  readonly kind: Promise<CollectionKind>;
}

/** What is known goes with the collection object, so that all who ask through it share one answer. */
const known = new WeakMap<Collection, Known>();

/**
 * Asks the server at most once in five seconds. When it does not answer, what it said last goes on to hold; rejects
 * when it has never said anything.
 */
export async function kindOf(sms: Collection): Promise<CollectionKind> {
  const last = known.get(sms);
  const now = performance.now();
  if (last !== undefined && last.until > now) return await last.kind;
  const kind = readKind(sms).catch(async (error: unknown) => {
    if (last !== undefined) return await last.kind;
    known.delete(sms);
    throw error;
  });
  known.set(sms, { until: now + KEPT_MS, kind });
  return await kind;
}

async function readKind(sms: Collection): Promise<CollectionKind> {
  const [found] = await withDeadline(limits.claim, () =>
    sms.db.listCollections({ name: sms.collectionName }, { nameOnly: false }).toArray(),
  );
  const { clusteredIndex, collation } = found?.options ?? {};
  return { isClustered: clusteredIndex !== undefined, hasCollation: collation !== undefined };
}
