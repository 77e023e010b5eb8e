import type { Collection, Document, Filter } from 'mongodb';
import { limits, type Limit } from './calls.ts';
import { kindOf } from './collectionKind.ts';
import { asBytes } from './decodeDocument.ts';
import { exactText } from './exactText.ts';
import { FULL_BATCH, readAnswer, type Answer } from './readAnswer.ts';

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
 * On a sharded collection a key holds the shard key too, and is needed
 * whole to find its shard. With a collation, also documents whose `_id` compares as equal to a key's and is another.
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
