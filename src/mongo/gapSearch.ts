import { BSON, MinKey, type Collection, type Document } from 'mongodb';
import { delay } from '../runtime/abort.ts';
import { limits, withDeadline, type Limit, readAnswer } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { EXAMINED_AT_ONCE, readPage } from './smsPages.ts';
import { findSomeByKeys, without } from './smsCollection.ts';
import { StoredValue } from './storedValue.ts';
import { findTimeIndex, isDate, isIndexGone, lastDate, mayBelong, noDates } from './timeIndex.ts';

/**
 * How far a gap has been searched, and in which way. Each page leads from one state to the next, and the next is
 * durable before it is used, so that a successor continues in the same way:
 * - null: nothing done yet; the way is to be chosen
 * - `dates`: by an index on `deliveryTime`, what has a time there from `from` on, but for `passed`
 * - `others`: what has none there is to be listed, through the same index
 * - `listed`: these are left
 * - `scan`: by `_id`, from `from` on; `skipDates` when `dates` came before
 */
export type Progress =
  | Readonly<{ kind: 'dates'; index: string; from: Date; passed: readonly unknown[] }>
  | Readonly<{ kind: 'others'; index: string }>
  | Readonly<{ kind: 'listed'; ids: readonly unknown[] }>
  | Readonly<{ kind: 'scan'; from: unknown; skipDates: boolean }>
  | Readonly<{ kind: 'done' }>;

type ProgressOf<Kind extends Progress['kind']> = Extract<Progress, { kind: Kind }>;

/** From the beginning: what was notified before is recognised. */
const scanAll: Progress = { kind: 'scan', from: new MinKey(), skipDates: false };
/** After a search by time. */
const scanOthers: Progress = { ...scanAll, skipDates: true };

interface GapSearch {
  readonly sms: Collection;
  /** Documents whose time lies before this do not belong to the gap. */
  readonly earliest: Date;
  /** Aborted when the search is to end. */
  readonly signal: AbortSignal;
  /** For each of its queries. */
  readonly patience: Limit;
}

interface GapStep {
  readonly documents: readonly Document[];
  readonly next: Progress;
}

/** Documents read at once; the next page waits until all of these are acknowledged. */
const PAGE_SIZE = 500;

/** One page of the search, and the state it leads to. Continues by `_id` when the index is gone. */
export async function searchGap(progress: Progress | null, search: GapSearch): Promise<GapStep> {
  try {
    return await step(progress, search);
  } catch (error) {
    const usesIndex = progress?.kind === 'dates' || progress?.kind === 'others';
    if (usesIndex && isIndexGone(error)) return turnTo(scanAll);
    throw error;
  }
}

async function step(progress: Progress | null, search: GapSearch): Promise<GapStep> {
  const { sms, earliest, patience } = search;
  switch (progress?.kind) {
    case undefined: {
      const index = await findTimeIndex(sms, patience);
      if (index === null) return turnTo(scanAll);
      return turnTo({ kind: 'dates', index, from: earliest, passed: [] });
    }
    case 'dates':
      return await searchDates(progress, search);
    case 'others': {
      const ids = await listUndated(progress.index, search);
      return turnTo(ids === null ? scanOthers : { kind: 'listed', ids });
    }
    case 'listed':
      return await readListed(progress, search);
    case 'scan':
      return await scan(progress, search);
    case 'done':
      return turnTo(progress);
    default:
      return progress satisfies never;
  }
}

function turnTo(next: Progress): GapStep {
  return { documents: [], next };
}

/**
 * The next documents in the order of their times. Nothing else is asked of them, so that no query goes through more than
 * it brings. Those of one time have no order in which to continue: the ones passed are remembered, and when they become
 * too many the search begins again by `_id`.
 */
async function searchDates(
  progress: ProgressOf<'dates'>,
  { sms, patience }: GapSearch,
): Promise<GapStep> {
  const { index, from, passed } = progress;
  const filter: Document = { deliveryTime: { $gte: from, $lte: lastDate }, _id: { $nin: passed } };
  const order = { hint: index, sort: { deliveryTime: 1 }, ...asBytes } as const;
  const size = { limit: PAGE_SIZE + 1, batchSize: PAGE_SIZE + 2 };
  const { documents, isAll } = await readAnswer(sms.find(filter, { ...order, ...size }), patience);
  // Where they are too large for one page, it continues at the time of the last that was read, without that one.
  const following = isAll ? documents[PAGE_SIZE] : documents.at(-1);
  if (following === undefined) return { documents, next: { kind: 'others', index } };
  const page = documents.slice(0, PAGE_SIZE);
  const time = timeOf(following);
  // An array, which somebody has written since the index was chosen.
  if (time === null) return { documents: page, next: scanAll };
  const ofThatTime = page.filter((document) => timeOf(document) === time);
  const before = from.getTime() === time ? passed : [];
  const passedThen = [...before, ...ofThatTime.map((document): unknown => document['_id'])];
  if (areTooMany(passedThen)) return { documents: page, next: scanAll };
  return { documents: page, next: { ...progress, from: new Date(time), passed: passedThen } };
}

function timeOf(document: Document): number | null {
  const time: unknown = document['deliveryTime'];
  return time instanceof Date ? time.getTime() : null;
}

/**
 * The ids of the documents that have no time in `deliveryTime` and may belong to the gap all the same; null when they
 * are too many for a list. Reads what there is in short queries, and rests after each for as long as it took: a
 * condition would let one query go through millions of documents that do not satisfy it.
 */
async function listUndated(
  index: string,
  { sms, earliest, signal, patience }: GapSearch,
): Promise<readonly unknown[] | null> {
  const ids: unknown[] = [];
  const projection = { isWanted: mayBelong(earliest) };
  // The index has no arrays, or it would not have been chosen.
  for (const range of noDates('deliveryTime')) {
    const cursor = sms
      .find(range, { projection, batchSize: EXAMINED_AT_ONCE, ...asBytes })
      .hint(index);
    try {
      let begunAt = performance.now();
      while (await withDeadline(patience, () => cursor.hasNext())) {
        const batch = decodeAll(cursor.readBufferedDocuments());
        const wanted = batch.filter((document) => document['isWanted'] === true);
        ids.push(...wanted.map((document): unknown => document['_id']));
        if (areTooMany(ids)) return null;
        await delay(performance.now() - begunAt, signal);
        begunAt = performance.now();
      }
    } finally {
      await withDeadline(limits.ending, () => cursor.close()).catch(() => undefined);
    }
  }
  return ids;
}

/** The next documents of a list. */
async function readListed(
  { ids }: ProgressOf<'listed'>,
  { sms, patience }: GapSearch,
): Promise<GapStep> {
  const keys = ids.slice(0, PAGE_SIZE).map((_id) => ({ _id }));
  const { documents, isAll } = await findSomeByKeys(sms, keys, { limit: patience });
  const unread = isAll ? [] : without(keys, documents);
  const isFurther = unread.length < keys.length;
  const left = [...(isFurther ? unread.map(({ _id }) => _id) : []), ...ids.slice(PAGE_SIZE)];
  return { documents, next: left.length === 0 ? { kind: 'done' } : { kind: 'listed', ids: left } };
}

/** The next documents in the order of `_id`. */
async function scan(
  progress: ProgressOf<'scan'>,
  { sms, earliest, patience }: GapSearch,
): Promise<GapStep> {
  const { from, skipDates } = progress;
  const wanted = skipDates
    ? { $and: [{ $not: isDate('$deliveryTime') }, mayBelong(earliest)] }
    : mayBelong(earliest);
  const page = { from, filter: { $expr: wanted }, size: PAGE_SIZE, limit: patience };
  const { documents, next } = await readPage(sms, page);
  return { documents, next: next === null ? { kind: 'done' } : { ...progress, from: next.from } };
}

/** Ids that a gap's row may hold. One by itself may have 8 MB. */
const IDS_AT_MOST = 5_000;
const BYTES_AT_MOST = 6 * 1024 * 1024;

/** Whether a gap's row can't hold these ids. */
function areTooMany(ids: readonly unknown[]): boolean {
  if (ids.length > IDS_AT_MOST) return true;
  let bytes = BSON.calculateObjectSize({ ids });
  for (const id of ids) if (id instanceof StoredValue) bytes += id.bytes.length;
  return bytes > BYTES_AT_MOST;
}
