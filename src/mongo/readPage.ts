import type { Collection, Document, Filter } from 'mongodb';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { withDeadline, type Limit } from './calls.ts';
import { readAnswer } from './readAnswer.ts';

/** Index entries or documents that one query may go through at most. */
export const EXAMINED_AT_ONCE = 5_000;

export interface Page {
  /** At most `size`, and 16 MB; may be empty before the last page. */
  readonly documents: readonly Document[];
  /** Where the next page begins; null after the last one. */
  readonly next: { readonly from: unknown } | null;
}

/**
 * The next documents of a collection that pass the filter, in the order of `_id` from `from` on (`MinKey` for
 * the beginning). By bounds of the index, since a comparison would see ids of one type only. The first query
 * finds, in the index alone, how far the second may go.
 */
export async function readPage(
  sms: Collection,
  {
    from,
    filter,
    size,
    limit,
  }: {
    readonly from: unknown;
    readonly filter: Filter<Document>;
    readonly size: number;
    readonly limit: Limit;
  },
): Promise<Page> {
  const byId = { hint: { _id: 1 }, sort: { _id: 1 }, min: { _id: from }, ...asBytes } as const;
  const boundary = { ...byId, projection: { _id: 1 }, skip: EXAMINED_AT_ONCE, limit: 1 };
  const [bound] = decodeAll(await withDeadline(limit, () => sms.find({}, boundary).toArray()));
  const upTo = bound === undefined ? {} : { max: { _id: bound['_id'] as unknown } };
  const inPage = { ...byId, ...upTo };
  const some = sms.find(filter, { ...inPage, limit: size + 1, batchSize: size + 2 });
  const { documents, isAll } = await readAnswer(some, limit);
  if (!isAll && documents.length === 1) {
    const second = { ...inPage, projection: { _id: 1 }, skip: 1, limit: 1 };
    const found = await withDeadline(limit, () => sms.find(filter, second).toArray());
    const [next = bound] = decodeAll(found);
    return { documents, next: next === undefined ? null : { from: next['_id'] as unknown } };
  }
  const following = documents[isAll ? size : documents.length - 1] ?? bound;
  return {
    documents: documents.slice(0, isAll ? size : -1),
    next: following === undefined ? null : { from: following['_id'] as unknown },
  };
}
