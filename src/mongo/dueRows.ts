import type { Document, Filter } from 'mongodb';
import type { RouteKey } from '../domain/route.ts';
import { parseIntegerId } from '../domain/integerId.ts';
import { NO_ENDPOINT, type DueEndpoints, type IdSet } from '../pipeline/retryPort.ts';
import { withDeadline, type Limit } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import type { EndpointFields } from './retryRow.ts';
import { dueIndex, type RetryRow, type StateCollections } from './stateCollections.ts';

type Retries = StateCollections['retries'];

/** By the server's clock, which all workers share. */
export function inMs(ms: number): Document {
  return { $add: ['$$NOW', ms] };
}

/** Whose the rows are to be, and for how long. */
export interface Claim {
  readonly by: string;
  readonly token: string;
  readonly claimMs: number;
  /** For each of the calls it takes. */
  readonly limit: Limit;
}

const isDue = { $lte: ['$nextAttemptAt', '$$NOW'] };

/**
 * The endpoints with a row that is due, or soon. Reads one index entry per endpoint that has rows at all (a
 * DISTINCT_SCAN), however many rows each has. Rows whose endpoint is no text go to those that lead nowhere as yet.
 */
export async function findDueEndpoints(
  retries: Retries,
  soonMs: number,
  limit: Limit,
): Promise<DueEndpoints> {
  const firstOfEach = [
    { $sort: dueIndex },
    { $group: { _id: '$endpoint', nextAttemptAt: { $first: '$nextAttemptAt' } } },
    { $match: { $expr: { $lte: ['$nextAttemptAt', inMs(soonMs)] } } },
    {
      $project: {
        // No time at all comes before any in the index: such a row is due, and read when it is claimed.
        inMs: {
          $cond: [
            { $eq: [{ $type: '$nextAttemptAt' }, 'date'] },
            { $toDouble: { $subtract: ['$nextAttemptAt', '$$NOW'] } },
            0,
          ],
        },
      },
    },
  ];
  const found = await withDeadline(limit, () =>
    retries.aggregate<{ _id: string; inMs: number }>(firstOfEach).toArray(),
  );
  const nowhere = found.filter(({ _id }) => typeof _id !== 'string');
  for (const { _id } of nowhere) {
    // Not the value by itself: a regular expression would match others.
    const rows = { endpoint: { $eq: _id } };
    const update = { $set: { endpoint: NO_ENDPOINT } };
    await withDeadline(limit, () => retries.updateMany(rows, update));
  }
  const soon = found.filter((endpoint) => endpoint.inMs > 0).map((endpoint) => endpoint.inMs);
  return {
    keys: found
      .filter(({ _id, inMs: ms }) => typeof _id === 'string' && ms <= 0)
      .map(({ _id }) => _id),
    nextInMs: soon.length === 0 ? null : soon.reduce((least, each) => Math.min(least, each)),
  };
}

/**
 * For each time an endpoint is named, one of its rows, those that have been due longest; null where there
 * are not so many. Whoever else claims at the same moment gets others.
 */
export async function claimDueRows(
  retries: Retries,
  { endpointKeys, except }: Readonly<{ endpointKeys: readonly string[]; except: IdSet }>,
  claim: Claim,
): Promise<readonly (RetryRow | null)[]> {
  const wanted = new Map<string, number>();
  for (const key of endpointKeys) wanted.set(key, (wanted.get(key) ?? 0) + 1);
  const due = await Promise.all(
    [...wanted].map(
      async ([endpoint, atMost]) =>
        await rowsBut(except, atMost, async (skipped) => {
          const filter = { ...skipped, endpoint, $expr: isDue };
          const oldest = {
            projection: { bodyBytes: 1, logBytes: 1 },
            sort: { nextAttemptAt: 1 },
            limit: atMost,
          } as const;
          return await withDeadline(claim.limit, () => retries.find(filter, oldest).toArray());
        }),
    ),
  );
  const rows = await claimThose(retries, due.flat(), claim);
  const byId = new Map(rows.map((row) => [row._id, row]));
  const left = new Map(
    [...wanted.keys()].map((key, index) => [
      key,
      (due[index] ?? []).flatMap(({ _id }) => byId.get(_id) ?? []),
    ]),
  );
  return endpointKeys.map((key) => left.get(key)?.shift() ?? null);
}

/** Claims what is due and was first taken up before that time, whatever it leads to. */
export async function claimOldRows(
  retries: Retries,
  { before, limit, except }: Readonly<{ before: Date; limit: number; except: IdSet }>,
  claim: Claim,
): Promise<readonly RetryRow[]> {
  const found = await rowsBut(except, limit, async (skipped) => {
    const filter = { ...skipped, acceptedAt: { $lt: before }, $expr: isDue };
    return await withDeadline(claim.limit, () =>
      retries.find(filter, { projection: { bodyBytes: 1, logBytes: 1 }, limit }).toArray(),
    );
  });
  return await claimThose(retries, found, claim);
}

/**
 * The rows that a search brings, as far as they are none of `except`. What is to be left out is told to the server
 * only once it has come up: nearly always nothing of it is due.
 */
async function rowsBut(
  except: IdSet,
  limit: number,
  find: (skipped: Filter<RetryRow>) => Promise<readonly RetryRow[]>,
): Promise<readonly RetryRow[]> {
  const skipped: string[] = [];
  for (;;) {
    const rows = await find(skipped.length === 0 ? {} : { _id: { $nin: skipped } });
    const free = rows.filter(({ _id }) => !except.has(_id));
    if (free.length === rows.length || rows.length < limit) return free;
    skipped.push(...rows.map(({ _id }) => _id).filter((id) => except.has(id)));
  }
}

/** What the bodies and logs of rows claimed together may take; those beyond stay due. */
const CLAIM_BYTES = 16 * 1024 * 1024;

/** The first of these rows, one at least. Rows of earlier versions do not tell how large they are. */
function withinClaim(rows: readonly RetryRow[]): readonly string[] {
  let bytes = 0;
  return rows.flatMap(({ _id, ...row }, index) => {
    bytes += Number(row['bodyBytes'] ?? 0) + Number(row['logBytes'] ?? 0);
    return index === 0 || bytes <= CLAIM_BYTES ? [_id] : [];
  });
}

/** Of these rows, those that are still due, and ours now; as many as may be held together. */
async function claimThose(
  retries: Retries,
  found: readonly RetryRow[],
  { by, token, claimMs, limit }: Claim,
): Promise<readonly RetryRow[]> {
  const ids = withinClaim(found);
  if (ids.length === 0) return [];
  const set = { claim: { $literal: { by, token } }, nextAttemptAt: inMs(claimMs) };
  const those = { _id: { $in: [...ids] } };
  const update = [{ $set: set }, { $unset: ['unreadable'] }];
  await withDeadline(limit, () => retries.updateMany({ ...those, $expr: isDue }, update));
  const claimed = await withDeadline(limit, () =>
    retries.find({ ...those, 'claim.token': token }, asBytes).toArray(),
  );
  return decodeAll(claimed) as RetryRow[];
}

/** A time at which no row is ever due. */
const never = new Date('9999-12-31T00:00:00Z');
/** No endpoint's key. */
const UNREADABLE = 'unreadable';

/**
 * Takes a claimed row that can't be read out of the way of all others: it is never due, and says why. Nothing else of
 * it is changed. Made due by hand, it is read again.
 */
export async function putAside(
  retries: Retries,
  row: RetryRow,
  { problem, claim }: Readonly<{ problem: string; claim: Claim }>,
): Promise<void> {
  const filter = { _id: row._id, 'claim.token': claim.token };
  const set = { unreadable: problem, endpoint: UNREADABLE, nextAttemptAt: never };
  await withDeadline(claim.limit, () =>
    retries.updateOne(filter, { $set: set, $unset: { claim: 1 } }),
  );
}

/** Due or to be due, and in nobody's hands. */
const waitingAt = (endpoint: string): Filter<RetryRow> => ({ endpoint, claim: { $exists: false } });

const ROUTE_KEYS_LIMIT = 1_000;

export async function findRouteKeys(
  retries: Retries,
  endpoint: string,
  limit: Limit,
): Promise<readonly RouteKey[]> {
  const keys = [
    { $match: waitingAt(endpoint) },
    {
      $group: {
        _id: { accountId: '$accountId', flowId: '$flowId', deliveryStatus: '$deliveryStatus' },
      },
    },
    { $limit: ROUTE_KEYS_LIMIT },
  ];
  const found = await withDeadline(limit, () =>
    retries.aggregate<{ _id: RouteKey }>(keys).toArray(),
  );
  return found.map(({ _id }) => _id).filter(isRouteKey);
}

/** Of a row that can't be read it may be anything. */
function isRouteKey({ accountId, flowId, deliveryStatus }: RouteKey): boolean {
  const isText = typeof deliveryStatus === 'string';
  return isText && parseIntegerId(accountId) !== null && parseIntegerId(flowId) !== null;
}

export async function moveRows(
  retries: Retries,
  endpoint: string,
  key: RouteKey,
  { to, limit }: Readonly<{ to: EndpointFields; limit: Limit }>,
): Promise<void> {
  const rows = { ...waitingAt(endpoint), ...key };
  await withDeadline(limit, () => retries.updateMany(rows, { $set: to }));
}
