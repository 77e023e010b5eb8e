import type { Collection } from 'mongodb';
import type { Limit } from './calls.ts';
import { findSomeByKeys, without } from './findByKeys.ts';
import { PAGE_SIZE, type GapStep, type Progress } from './gapProgress.ts';
import { isDate, mayBelong } from './mayBelong.ts';
import { readPage } from './readPage.ts';

type Scan = Extract<Progress, { kind: 'scan' }>;
type Listed = Extract<Progress, { kind: 'listed' }>;

/** The next documents in the order of `_id`. */
export async function searchByScan(
  sms: Collection,
  progress: Scan,
  { earliest, patience }: Readonly<{ earliest: Date; patience: Limit }>,
): Promise<GapStep> {
  const { from, skipDates } = progress;
  const wanted = skipDates
    ? { $and: [{ $not: isDate('$deliveryTime') }, mayBelong(earliest)] }
    : mayBelong(earliest);
  const { documents, next } = await readPage(sms, {
    from,
    filter: { $expr: wanted },
    size: PAGE_SIZE,
    limit: patience,
  });
  return { documents, next: next === null ? { kind: 'done' } : { ...progress, from: next.from } };
}

/** The next documents of a list. */
export async function searchListed(
  sms: Collection,
  { ids }: Listed,
  patience: Limit,
): Promise<GapStep> {
  const keys = ids.slice(0, PAGE_SIZE).map((_id) => ({ _id }));
  const { documents, isAll } = await findSomeByKeys(sms, keys, { limit: patience });
  const unread = isAll ? [] : without(keys, documents);
  const isFurther = unread.length < keys.length;
  const left = [...(isFurther ? unread.map(({ _id }) => _id) : []), ...ids.slice(PAGE_SIZE)];
  return { documents, next: left.length === 0 ? { kind: 'done' } : { kind: 'listed', ids: left } };
}
