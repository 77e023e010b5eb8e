import { Binary, type Document, type Filter } from 'mongodb';
import type { IdSet } from '../ports/retries.ts';
import { findAll, withDeadline, type Limit } from './calls.ts';
import type { DueSearch } from './dueSearch.ts';
import { inMs, type RetryRow, type RetryRows } from './retryRow.ts';
import { inPartitions, type Partitions } from './rowPartitions.ts';
import { writeApart, type Refuse } from './rowWrites.ts';
import { exactText } from './storedValue.ts';

/** A stored row; nothing else of it is known. */
export type StoredRow = Document & { readonly _id: string };

/** Whose the rows are to be, and for how long. */
export interface Claim {
  readonly by: string;
  readonly token: string;
  readonly claimMs: number;
  /** For each of the calls it takes. */
  readonly limit: Limit;
  /** Is given a row that by itself can't be claimed; `operation` claims it. */
  readonly refuse: Refuse;
  /**
   * Is given rows that may have been claimed, or may be until `ended` settles, although the call that claims them has
   * failed.
   */
  leave(ids: readonly string[], ended: Promise<unknown>): void;
}

const isDue = { $lte: ['$nextAttemptAt', '$$NOW'] };

/** Which of the rows that are due may be claimed. */
interface Claimable {
  readonly partitions: Partitions;
  readonly except: IdSet;
}

/**
 * For each time an endpoint is named, one of its rows, those that have been due longest; null where there
 * are not so many. Whoever else claims at the same moment gets others.
 */
export async function claimDueRows(
  retries: RetryRows,
  {
    endpointKeys,
    search,
    ...claimable
  }: Claimable & Readonly<{ endpointKeys: readonly string[]; search: DueSearch }>,
  claim: Claim,
): Promise<readonly (StoredRow | null)[]> {
  const wanted = new Map<string, number>();
  for (const key of endpointKeys) wanted.set(key, (wanted.get(key) ?? 0) + 1);
  const findFrom = async (from: Date | null, endpoint: string, limit: number) => {
    const range = from === null ? {} : { nextAttemptAt: { $gte: from } };
    const place = { ...inPartitions(claimable.partitions), ...range, endpoint };
    const oldest = { projection: sizes, sort: { nextAttemptAt: 1 }, limit } as const;
    return await rowsBut(claimable.except, limit, async (skipped) => {
      const filter = { ...skipped, ...place, $expr: isDue };
      return await findAll(claim.limit, retries, filter, oldest);
    });
  };
  const findOldest = async ([endpoint, limit]: readonly [string, number]) => {
    const from = search.begin(endpoint);
    const found = await findFrom(from, endpoint, limit);
    if (from === null || found.length === limit) return found;
    search.beginAtStart(endpoint);
    return await findFrom(null, endpoint, limit);
  };
  const due = await Promise.all([...wanted].map(findOldest));
  const rows = await claimThose(retries, due.flat(), claim);
  const byId = new Map(rows.map((row) => [exactText(row._id), row]));
  const left = new Map(
    [...wanted].map(([key, atMost], index) => {
      const found = due[index] ?? [];
      const ours = found.flatMap(({ _id }) => byId.get(exactText(_id)) ?? []);
      search.end(key, ours.length < atMost ? null : found.at(-1)?.['nextAttemptAt']);
      return [key, ours];
    }),
  );
  return endpointKeys.map((key) => left.get(key)?.shift() ?? null);
}

/** Claims what is due and was first read before that time, wherever it leads. */
export async function claimOldRows(
  retries: RetryRows,
  { before, limit, partitions, except }: Claimable & Readonly<{ before: Date; limit: number }>,
  claim: Claim,
): Promise<readonly StoredRow[]> {
  const found = await rowsBut(except, limit, async (skipped) => {
    const accepted = { acceptedAt: { $lt: before } };
    const filter = { ...skipped, ...inPartitions(partitions), ...accepted, $expr: isDue };
    return await findAll(claim.limit, retries, filter, { projection: sizes, limit });
  });
  return await claimThose(retries, found, claim);
}

/**
 * The rows that a search finds, without those of `except`. The server is asked to leave rows out only once it has brought
 * some of them: nearly always none of them is due.
 */
async function rowsBut(
  except: IdSet,
  limit: number,
  find: (skipped: Filter<RetryRow>) => Promise<Document[]>,
): Promise<readonly StoredRow[]> {
  const skipped: string[] = [];
  for (;;) {
    const rows = (await find(
      skipped.length === 0 ? {} : { _id: { $nin: skipped } },
    )) as StoredRow[];
    const free = rows.filter(({ _id }) => !except.has(_id));
    if (free.length === rows.length || rows.length < limit) return free;
    skipped.push(...rows.map(({ _id }) => _id).filter((id) => except.has(id)));
  }
}

/** Of these rows, those that are still due, and ours now; as many as may be held together. */
async function claimThose(
  retries: RetryRows,
  found: readonly StoredRow[],
  { by, token, claimMs, limit, refuse, leave }: Claim,
): Promise<readonly StoredRow[]> {
  const ids = withinClaim(found).map(({ _id }) => _id);
  if (ids.length === 0) return [];
  const set = { claim: { $literal: { by, token } }, nextAttemptAt: inMs(claimMs) };
  const update = [{ $set: set }, { $unset: ['unreadable'] }];
  const updates: Promise<unknown>[] = [];
  const claimSome = async (some: readonly string[]): Promise<void> => {
    await withDeadline(limit, async () => {
      const updating = retries.updateMany({ _id: { $in: [...some] }, $expr: isDue }, update);
      updates.push(updating);
      await updating;
    });
  };
  try {
    await writeApart(ids, claimSome, refuse);
    const ours = { _id: { $in: [...ids] }, 'claim.token': token };
    return (await findAll(limit, retries, ours, { keys: ['documentKey'] })) as StoredRow[];
  } catch (error) {
    leave(ids, Promise.allSettled(updates));
    throw error;
  }
}

/** A time at which no row is ever due. */
const never = new Date('9999-12-31T00:00:00Z');
/** No endpoint's key. */
const UNREADABLE = 'unreadable';

/**
 * Puts a claimed row aside that can't be read: it is never due, and says why. Nothing else of it is changed. Once an
 * operator makes it due, it is read again.
 */
export async function putAside(
  retries: RetryRows,
  row: StoredRow,
  { problem, claim }: Readonly<{ problem: string; claim: Pick<Claim, 'token' | 'limit'> }>,
): Promise<void> {
  const filter = { _id: row._id, 'claim.token': claim.token };
  const set = { unreadable: problem, endpoint: UNREADABLE, nextAttemptAt: never };
  await withDeadline(claim.limit, () =>
    retries.updateOne(filter, { $set: set, $unset: { claim: 1 } }),
  );
}

/** What the bodies and logs of rows claimed together may take; those beyond stay due. */
const CLAIM_BYTES = 16 * 1024 * 1024;

/** A stored row of up to so much may be read only to be weighed. */
const READ_TO_WEIGH_BYTES = 64 * 1024;

const saysNone = {
  $not: [{ $and: [{ $isNumber: '$bodyBytes' }, { $isNumber: '$logBytes' }] }],
};
const storedBytes = { $bsonSize: '$$ROOT' };

/**
 * What is asked of rows to know their weights. Those of earlier versions do not say: for these it is read from their
 * compressed bodies, as far as they are small; they are few, and soon gone.
 */
const sizes: Document = {
  nextAttemptAt: 1,
  bodyBytes: 1,
  logBytes: 1,
  storedBytes: { $cond: [saysNone, storedBytes, '$$REMOVE'] },
  body: {
    $cond: [
      { $and: [saysNone, { $lte: [storedBytes, READ_TO_WEIGH_BYTES] }] },
      '$body',
      '$$REMOVE',
    ],
  },
};

/** The first of these rows that may be held together, one at least. */
function withinClaim(rows: readonly StoredRow[]): readonly StoredRow[] {
  let bytes = 0;
  return rows.filter((row, index) => {
    bytes += weightOf(row);
    return index === 0 || bytes <= CLAIM_BYTES;
  });
}

/** About what a row takes in memory. One of which that can't be known is claimed alone. */
function weightOf({ bodyBytes, logBytes, storedBytes: stored, body }: Document): number {
  if (stored === undefined) return Number(bodyBytes) + Number(logBytes);
  if (!(body instanceof Binary)) return CLAIM_BYTES;
  return 2 * Number(stored) + unzippedBytes(body);
}

/** As gzip writes at its end. */
function unzippedBytes(body: Binary): number {
  const bytes = body.value();
  return bytes.length < 4 ? 0 : Buffer.from(bytes.subarray(-4)).readUInt32LE();
}
