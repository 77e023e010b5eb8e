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

/** Asks the server at most once in five seconds. Rejects when it does not answer. */
export async function kindOf(sms: Collection): Promise<CollectionKind> {
  const now = performance.now();
  const last = known.get(sms);
  if (last !== undefined && last.until > now) return await last.kind;
  const next: Known = { until: now + KEPT_MS, kind: readKind(sms) };
  known.set(sms, next);
  try {
    return await next.kind;
  } catch (error) {
    if (known.get(sms) === next) known.delete(sms);
    throw error;
  }
}

async function readKind(sms: Collection): Promise<CollectionKind> {
  const [found] = await withDeadline(limits.claim, () =>
    sms.db.listCollections({ name: sms.collectionName }, { nameOnly: false }).toArray(),
  );
  const { clusteredIndex, collation } = found?.options ?? {};
  return { isClustered: clusteredIndex !== undefined, hasCollation: collation !== undefined };
}
