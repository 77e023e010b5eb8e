import type { Document, Filter } from 'mongodb';
import { parseIntegerId } from '../domain/ids.ts';
import type { RouteKey } from '../domain/route.ts';
import type { EndpointName } from '../ports/endpoints.ts';
import { NO_ENDPOINT, type DueEndpoints } from '../ports/retries.ts';
import { aggregateAll, findAll, type Limit } from './calls.ts';
import { dueIndex, endpointFields, inMs, type RetryRow, type RetryRows } from './retryRow.ts';
import { inPartitions, partitionIndex, type Partitions } from './rowPartitions.ts';
import { equalTo } from './storedValue.ts';

/** Writes rows, as far as the server takes each. */
type WriteRows = (rows: Filter<RetryRow>, update: Document[]) => Promise<unknown>;

/** Those that sort after all dates: such a time would never come. What sorts before them is due. */
const typesAfterDates = [
  ...['timestamp', 'regex', 'dbPointer', 'javascript', 'javascriptWithScope', 'maxKey'],
];

/** Rows whose due time is of a type that sorts after dates are due. One look into an index when there are none. */
export async function fixLateTimes(
  retries: RetryRows,
  { limit, write }: Readonly<{ limit: Limit; write: WriteRows }>,
): Promise<void> {
  const rows: Document = { nextAttemptAt: { $type: typesAfterDates } };
  const found = await findAll(limit, retries, rows, { projection: { _id: 1 }, limit: 1 });
  if (found.length > 0) await write(rows, [{ $set: { nextAttemptAt: '$$NOW' } }]);
}

/**
 * The endpoints with a row that is due, or soon. Reads one index entry per endpoint that has rows at all (a
 * DISTINCT_SCAN), however many rows each has. Rows whose endpoint is no text are moved to those whose route is not known.
 */
export async function findDueEndpoints(
  retries: RetryRows,
  soonMs: number,
  {
    partitions,
    limit,
    write,
  }: Readonly<{ partitions: Partitions; limit: Limit; write: WriteRows }>,
): Promise<DueEndpoints> {
  const found = (await aggregateAll(
    limit,
    retries,
    dueStages(retries, soonMs, partitions),
  )) as unknown as { readonly _id: unknown; readonly inMs: number }[];
  for (const { _id } of found.filter((each) => typeof each._id !== 'string')) {
    // Whatever their partitions: all that leads nowhere is alike.
    const rows: Document = { endpoint: equalTo(_id) };
    await write(rows, [{ $set: { endpoint: NO_ENDPOINT } }]);
  }
  // In several partitions there may be rows of one endpoint.
  const due = new Set(found.filter((endpoint) => endpoint.inMs <= 0).map(({ _id }) => _id));
  const soon = found.filter(({ _id }) => !due.has(_id)).map((endpoint) => endpoint.inMs);
  return {
    keys: [...due].filter((key) => typeof key === 'string'),
    nextInMs: soon.length === 0 ? null : soon.reduce((least, each) => Math.min(least, each)),
  };
}

/** For several partitions one after the other: only by an equality does the server skip from endpoint to endpoint. */
function dueStages(retries: RetryRows, soonMs: number, partitions: Partitions): Document[] {
  // No time at all comes before any in the index: such a row is due, and read when it is claimed.
  const isDate = { $eq: [{ $type: '$nextAttemptAt' }, 'date'] };
  const leftMs = { $toDouble: { $subtract: ['$nextAttemptAt', '$$NOW'] } };
  const firstOfEach = { $group: { _id: '$endpoint', nextAttemptAt: { $first: '$nextAttemptAt' } } };
  const [first = [], ...others] = (partitions ?? [null]).map((partition) =>
    partition === null
      ? [{ $sort: dueIndex }, firstOfEach]
      : [{ $match: { partition } }, { $sort: partitionIndex }, firstOfEach],
  );
  return [
    ...first,
    ...others.map((pipeline) => ({ $unionWith: { coll: retries.collectionName, pipeline } })),
    { $match: { $expr: { $lte: ['$nextAttemptAt', inMs(soonMs)] } } },
    { $project: { inMs: { $cond: [isDate, leftMs, 0] } } },
  ];
}

const isUnclaimed = { claim: { $exists: false } };

/** Unclaimed rows that lead to this endpoint by this route. */
export function routeRows(endpoint: string, key: RouteKey): Filter<RetryRow> {
  return { endpoint, ...isUnclaimed, ...key };
}

/** Rows that wait only for their route. For due rows the route is looked up after they are claimed. */
const awaitRoute = { endpoint: NO_ENDPOINT, $expr: { $gt: ['$nextAttemptAt', '$$NOW'] } };

/** Those that wait for this route. */
export function rowsAwaiting(key: RouteKey): Filter<RetryRow> {
  return { ...awaitRoute, ...isUnclaimed, ...key };
}

const ROUTE_KEYS_LIMIT = 1_000;

/** What the routes of the endpoint's unclaimed rows were looked up for, each once. */
export async function findRouteKeys(
  retries: RetryRows,
  endpoint: string,
  search: KeySearch,
): Promise<readonly RouteKey[]> {
  const first = { $limit: ROUTE_KEYS_LIMIT };
  return await findKeys(retries, { endpoint, ...isUnclaimed }, first, search);
}

/**
 * What rows wait for, each once and in no order: of very many, others each time. Read from an index alone, so
 * those being called are among them.
 */
export async function findAwaitedRoutes(
  retries: RetryRows,
  search: KeySearch,
): Promise<readonly RouteKey[]> {
  return await findKeys(retries, awaitRoute, { $sample: { size: ROUTE_KEYS_LIMIT } }, search);
}

interface KeySearch {
  readonly partitions: Partitions;
  readonly limit: Limit;
}

async function findKeys(
  retries: RetryRows,
  rows: Filter<RetryRow>,
  some: Document,
  { partitions, limit }: KeySearch,
): Promise<readonly RouteKey[]> {
  const _id = { accountId: '$accountId', flowId: '$flowId', deliveryStatus: '$deliveryStatus' };
  const named = { $project: { _id: 0, key: '$_id' } };
  const those = { ...inPartitions(partitions), ...rows };
  const stages = [{ $match: those }, { $group: { _id } }, some, named];
  // By itself the server may go through the rows of all partitions.
  const hint = partitions === null ? {} : { hint: partitionIndex };
  const found = await aggregateAll(limit, retries, stages, { ...hint, keys: ['key'] });
  return found.map((each) => each['key'] as RouteKey).filter(isRouteKey);
}

/** Of a row that can't be read it may be anything. */
function isRouteKey({ accountId, flowId, deliveryStatus }: RouteKey): boolean {
  const isText = typeof deliveryStatus === 'string';
  return isText && parseIntegerId(accountId) !== null && parseIntegerId(flowId) !== null;
}

/** Ends the wait for a route. Rows go where it leads, but for those that will be skipped as stale. */
export function endOfWait(to: EndpointName | null): Document[] {
  const isStale = { $eq: ['$undecided.isStale', true] };
  const fields = to === null ? {} : { ...endpointFields(to), undecided: null };
  const leads = Object.entries(fields).map(([name, value]) => [
    name,
    { $cond: [isStale, `$${name}`, { $literal: value }] },
  ]);
  return [{ $set: { nextAttemptAt: '$$NOW', ...Object.fromEntries(leads) } }];
}
