import type { Collection, Document, Filter } from 'mongodb';
import { limits, withDeadline, type Limit } from './calls.ts';
import { kindOf } from './collectionKind.ts';

/**
 * Equalities in one query on a clustered collection. Measured with 500 keys of 20,000: five queries of a hundred
 * take 16 ms, one query for each key 90 ms, and 90 ms of the worker's processor.
 */
const BRANCHES = 100;

/**
 * The documents with these keys, in any order. On a sharded collection a key holds the shard key too, and is needed
 * whole to find its shard. With a collation, also documents whose `_id` compares as equal to a key's and is another.
 */
export async function findByKeys(
  sms: Collection,
  keys: readonly Document[],
  {
    projection = {},
    limit = limits.lookUp,
  }: { readonly projection?: Document; readonly limit?: Limit } = {},
): Promise<readonly Document[]> {
  if (keys.length === 0) return [];
  const { isClustered } = await kindOf(sms);
  if (!isClustered || keys.length === 1) {
    const filter = inOneFilter(keys);
    return await withDeadline(limit, () => sms.find(filter, { projection }).toArray());
  }
  const found: Document[] = [];
  for (let at = 0; at < keys.length; at += BRANCHES) {
    const pipeline = oneBranchEach(sms, keys.slice(at, at + BRANCHES), projection);
    const some = await withDeadline(limit, () =>
      sms.aggregate(pipeline, { batchSize: BRANCHES }).toArray(),
    );
    found.push(...some);
  }
  return found;
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
