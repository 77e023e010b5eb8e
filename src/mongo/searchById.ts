import type { Collection, Document } from 'mongodb';
import { EXAMINED_AT_ONCE, PAGE_SIZE, type GapStep, type Progress } from './gapProgress.ts';
import { isDate, mayBelong } from './mayBelong.ts';

type Scan = Extract<Progress, { kind: 'scan' }>;
type Listed = Extract<Progress, { kind: 'listed' }>;

/**
 * The next documents in the order of `_id`, by bounds of the index, since a comparison would see ids of
 * one type only. The first query finds, in the index alone, how far the second may go.
 */
export async function searchByScan(
  sms: Collection,
  progress: Scan,
  earliest: Date,
): Promise<GapStep> {
  const { from, skipDates } = progress;
  const byId = { hint: { _id: 1 }, sort: { _id: 1 }, min: { _id: from } } as const;
  const [bound] = await sms
    .find({}, { ...byId, projection: { _id: 1 }, skip: EXAMINED_AT_ONCE, limit: 1 })
    .toArray();
  const wanted = skipDates
    ? { $and: [{ $not: isDate('$deliveryTime') }, mayBelong(earliest)] }
    : mayBelong(earliest);
  const found = await sms
    .find(
      { $expr: wanted },
      {
        ...byId,
        ...(bound === undefined ? {} : { max: { _id: bound._id } }),
        limit: PAGE_SIZE + 1,
      },
    )
    .toArray();
  const following = found[PAGE_SIZE] ?? bound;
  return {
    documents: found.slice(0, PAGE_SIZE),
    next: following === undefined ? { kind: 'done' } : { ...progress, from: following._id },
  };
}

/** The next documents of a list. */
export async function searchListed(sms: Collection, { ids }: Listed): Promise<GapStep> {
  const documents: readonly Document[] = await sms
    .find({ _id: { $in: ids.slice(0, PAGE_SIZE) } } as Document)
    .toArray();
  const left = ids.slice(PAGE_SIZE);
  return { documents, next: left.length === 0 ? { kind: 'done' } : { kind: 'listed', ids: left } };
}
