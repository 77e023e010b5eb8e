import type { Collection, Document, Filter } from 'mongodb';
import { FULL_BATCH, limits, readAnswer, withDeadline, type Answer, type Limit } from './calls.ts';
import { asBytes } from './decodeDocument.ts';
import { exactText } from './storedValue.ts';

/** How the SMS collection was made, as far as queries have to go by it. */
export interface CollectionKind {
  /** Its documents lie in the order of `_id`, without an index on it. */
  readonly isClustered: boolean;
  /** Texts that differ may compare as equal: in an `_id`, in a status, wherever the server compares. */
  readonly hasCollation: boolean;
}

/** It may be dropped and created again as another kind. */
const KEPT_MS = 5_000;

interface Known {
  readonly until: number;
  readonly kind: Promise<CollectionKind>;
}

/** What is known goes with the collection object, so that all who ask through it share one answer. */
const known = new WeakMap<Collection, Known>();

/**
 * Asks the server at most once in five seconds. When it does not answer, its last answer counts; rejects when
 * there is none.
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

/**
 * Equalities in one query on a clustered collection. Measured with 500 keys of 20,000: five queries of a hundred
 * take 16 ms, one query for each key 90 ms, and 90 ms of the worker's processor.
 */
const BRANCHES = 100;

interface FindOptions {
  readonly projection?: Document;
  readonly limit?: Limit;
}

/**
 * The documents with these keys, in any order: all of them, or as many as one answer of the server holds, one at least.
 * On a sharded collection a key also holds the shard key, and is needed whole to find its shard. With a collation, also documents whose `_id` compares as equal to a key's and is another.
 */
export async function findSomeByKeys(
  sms: Collection,
  keys: readonly Document[],
  { projection = {}, limit = limits.lookUp }: FindOptions = {},
): Promise<Answer> {
  if (keys.length === 0) return { documents: [], isAll: true };
  const { isClustered } = await kindOf(sms);
  const batchSize = FULL_BATCH;
  if (!isClustered || keys.length === 1) {
    const options = { projection, batchSize, ...asBytes };
    return await readAnswer(sms.find(inOneFilter(keys), options), limit);
  }
  const found: Document[] = [];
  for (let at = 0; at < keys.length; at += BRANCHES) {
    const pipeline = oneBranchEach(sms, keys.slice(at, at + BRANCHES), projection);
    const cursor = sms.aggregate(pipeline, { batchSize, ...asBytes });
    const { documents, isAll } = await readAnswer(cursor, limit);
    found.push(...documents);
    if (!isAll) return { documents: found, isAll };
  }
  return { documents: found, isAll: true };
}

/** All of them. For small projections, and few documents. */
export async function findByKeys(
  sms: Collection,
  keys: readonly Document[],
  options: FindOptions = {},
): Promise<readonly Document[]> {
  const found: Document[] = [];
  for (let left = keys; left.length > 0;) {
    const { documents, isAll } = await findSomeByKeys(sms, left, options);
    found.push(...documents);
    const others = without(left, documents);
    if (isAll || others.length === left.length) break;
    left = others;
  }
  return found;
}

/** The keys that none of these documents has. */
export function without(
  keys: readonly Document[],
  documents: readonly Document[],
): readonly Document[] {
  const found = new Set(documents.map(({ _id }) => exactText(_id)));
  return keys.filter((key) => !found.has(exactText(key['_id'])));
}

function inOneFilter(keys: readonly Document[]): Filter<Document> {
  const onlyIds = keys.every((key) => Object.keys(key).length === 1);
  return onlyIds ? { _id: { $in: keys.map((key) => key['_id']) } } : { $or: [...keys] };
}

/** Of `$in` or `$or` the server makes a scan of the whole collection when that is clustered; not of one equality. */
function oneBranchEach(
  sms: Collection,
  keys: readonly Document[],
  projection: Document,
): Document[] {
  const shown = Object.keys(projection).length === 0 ? [] : [{ $project: projection }];
  const [first = [], ...others] = keys.map((key) => [{ $match: key }, ...shown]);
  const more = others.map((pipeline) => ({
    $unionWith: { coll: sms.collectionName, pipeline },
  }));
  return [...first, ...more];
}
