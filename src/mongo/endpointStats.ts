import type { Collection, Document, Filter } from 'mongodb';
import { outcomeClasses } from '../domain/attempt.ts';
import type { CountedSpan } from '../domain/countedSpan.ts';
import { DURATION_BUCKETS } from '../domain/durations.ts';
import type { IntegerId } from '../domain/ids.ts';
import type { StatisticsStore } from '../ports/statistics.ts';
import { aggregateAll, limits, withDeadline } from './calls.ts';
import type { RetryRows } from './retryRow.ts';
import { dateOf, documentOf, idOf, isCount, textOf } from './storedRow.ts';
import { isIndexGone } from './timeIndex.ts';

/** What one process has counted in one span. */
export interface EndpointStatsRow extends Omit<CountedSpan, 'id'> {
  readonly _id: string;
  /** The most that waited in durable state when it was written; only of all. */
  readonly waiting?: number;
}

type EndpointStatsRows = Collection<EndpointStatsRow>;

const KEPT_SECONDS = 7 * 86_400;

/** Also removes them. */
const byTime = { start: 1 } as const;
/** Those of an account, or of none: all, and others. */
const byAccount = { accountId: 1, start: 1 } as const;

export const endpointStatsIndexes = [
  { key: byTime, expireAfterSeconds: KEPT_SECONDS },
  { key: byAccount },
];

/** Nothing waits for these writes, and the next one says as much. */
const unconfirmed = { writeConcern: { w: 1 } } as const;

/** See `docs/decisions/0033-endpoint-statistics.md` for why counts are not added to what is there. */
export function createEndpointStatsStore({
  endpointStats,
  retries,
}: {
  readonly endpointStats: EndpointStatsRows;
  readonly retries: RetryRows;
}): StatisticsStore {
  /** What the server keeps count of anyway. */
  const countWaiting = async (): Promise<{ readonly waiting: number }> => ({
    waiting: await withDeadline(limits.gauge, () => retries.estimatedDocumentCount()),
  });
  return {
    async write(spans) {
      const newest = Math.max(...spans.map(({ start }) => start.getTime()));
      const writes = spans.map(async (span) => {
        const isNow = span.of === 'all' && span.start.getTime() === newest;
        return toWrite(span, isNow ? await countWaiting() : {});
      });
      const all = await Promise.all(writes);
      await withDeadline(limits.gauge, () =>
        endpointStats.bulkWrite(all, { ordered: false, ...unconfirmed }),
      );
    },
  };
}

function toWrite(span: CountedSpan, more: { readonly waiting?: number }) {
  const { id, start, of, accountId, webhookId, url, attempts, durations, ...figures } = span;
  const $max: Record<string, number> = { ...figures, ...more };
  for (const [name, count] of Object.entries(attempts)) $max[`attempts.${name}`] = count;
  for (const [bucket, count] of Object.entries(durations)) $max[`durations.${bucket}`] = count;
  const $setOnInsert = { start, of, accountId, webhookId, url };
  return { updateOne: { filter: { _id: id }, update: { $setOnInsert, $max }, upsert: true } };
}

/** What the rows of a step come to. */
export interface StoredSpan extends Omit<CountedSpan, 'id' | 'durations' | 'of' | 'accountId'> {
  /** By `durationBucket`. */
  readonly durations: readonly number[];
  /** Null where it is not known. */
  readonly waiting: number | null;
  /** How many there were. */
  readonly rows: number;
}

interface SpanQuery {
  readonly since: Date;
  /** At most so many rows are gone through, the newest first. */
  readonly limit: number;
}

interface StepQuery extends SpanQuery {
  /** Spans are added up by steps of so long, which a day has a whole number of. */
  readonly stepMs: number;
}

/** What happened in all, by steps. Rejects when the database does not answer. */
export async function findAllSpans(
  rows: EndpointStatsRows,
  query: StepQuery,
): Promise<readonly StoredSpan[]> {
  return await findSpans(rows, { accountId: null, of: 'all' }, query);
}

/** What happened to an account's notifications, by endpoint and step. Rejects when the database does not answer. */
export async function findSpansOfAccount(
  rows: EndpointStatsRows,
  accountId: IntegerId,
  query: StepQuery,
): Promise<readonly StoredSpan[]> {
  return await findSpans(rows, { accountId }, query);
}

/**
 * Added up by the server, since a row takes it a tenth of the time that decoding one takes. By an index, or not at all:
 * without it nothing is found, as where nothing is written.
 */
async function findSpans(
  rows: EndpointStatsRows,
  filter: Filter<EndpointStatsRow>,
  { since, limit, stepMs }: StepQuery,
): Promise<readonly StoredSpan[]> {
  const step = { $dateTrunc: { date: '$start', unit: 'millisecond', binSize: stepMs } };
  const [webhookId, url] = ['$webhookId', '$url'];
  const stages = [
    { $match: { ...filter, start: { $gte: since } } },
    { $sort: { start: -1 } },
    { $limit: limit },
    { $group: { _id: { step, webhookId, url }, waiting: { $max: '$waiting' }, ...sums } },
    { $set: { start: '$_id.step', webhookId: '$_id.webhookId', url: '$_id.url' } },
  ];
  const options = { hint: byAccount };
  const found = await noneWithoutIndex(aggregateAll(limits.question, rows, stages, options));
  return found.flatMap(toStoredSpan);
}

const counted = ['delivered', 'failed', 'skipped', 'calls', 'tookMs', 'rows'] as const;
const attemptNames = outcomeClasses.map((name) => `attempts_${name}`);
const bucketNames = Array.from({ length: DURATION_BUCKETS }, (_, bucket) => `durations_${bucket}`);

/** Of each figure of a row, whose path has a dot in place of the underscore. */
const sums = Object.fromEntries([
  ...counted.map((name) => [name, { $sum: name === 'rows' ? 1 : `$${name}` }]),
  ...[...attemptNames, ...bucketNames].map((name) => [
    name,
    { $sum: `$${name.replace('_', '.')}` },
  ]),
]) as Document;

async function noneWithoutIndex(found: Promise<Document[]>): Promise<readonly Document[]> {
  try {
    return await found;
  } catch (error) {
    if (isIndexGone(error)) return [];
    throw error;
  }
}

/** What somebody else has written into the rows counts as nothing: they are numbers for people, and no more. */
function toStoredSpan(row: Document): readonly StoredSpan[] {
  const start = dateOf(row['start']);
  if (start === null) return [];
  const attempts = outcomeClasses.map((name) => [name, countOf(row[`attempts_${name}`])] as const);
  return [
    {
      start,
      webhookId: idOf(row['webhookId']),
      url: textOf(row['url']),
      delivered: countOf(row['delivered']),
      failed: countOf(row['failed']),
      skipped: countOf(row['skipped']),
      calls: countOf(row['calls']),
      tookMs: countOf(row['tookMs']),
      attempts: Object.fromEntries(attempts.filter(([, count]) => count > 0)),
      durations: bucketNames.map((name) => countOf(row[name])),
      waiting: isCount(row['waiting']) ? countOf(row['waiting']) : null,
      rows: countOf(row['rows']),
    },
  ];
}

function countOf(value: unknown): number {
  return isCount(value) ? Number(value) : 0;
}

/** An endpoint by what is shown of it, and what came of the calls to it. */
export interface CalledEndpoint {
  readonly accountId: IntegerId | null;
  readonly webhookId: IntegerId | null;
  readonly url: string | null;
  readonly calls: number;
  readonly meanMs: number;
  readonly delivered: number;
  readonly failed: number;
}

/**
 * The endpoints that took longest to answer on average, of those with at least `calls` calls. Reads all rows since then,
 * by an index: one for each endpoint and span. Rejects when the database does not answer.
 */
export async function findSlowest(
  rows: EndpointStatsRows,
  { since, calls, limit }: SpanQuery & { readonly calls: number },
): Promise<readonly CalledEndpoint[]> {
  const sumOf = (path: string): Document => ({ $sum: path });
  const stages = [
    { $match: { start: { $gte: since }, of: 'endpoint', calls: { $gt: 0 } } },
    {
      $group: {
        _id: { accountId: '$accountId', webhookId: '$webhookId', url: '$url' },
        calls: sumOf('$calls'),
        tookMs: sumOf('$tookMs'),
        delivered: sumOf('$delivered'),
        failed: sumOf('$failed'),
      },
    },
    { $match: { calls: { $gte: calls } } },
    { $set: { named: '$_id', meanMs: { $divide: ['$tookMs', '$calls'] } } },
    { $sort: { meanMs: -1 } },
    { $limit: limit },
  ];
  const found = await noneWithoutIndex(
    aggregateAll(limits.question, rows, stages, { hint: byTime }),
  );
  return found.map((row) => {
    const { accountId, webhookId, url } = documentOf(row['named']);
    return {
      accountId: idOf(accountId),
      webhookId: idOf(webhookId),
      url: textOf(url),
      calls: countOf(row['calls']),
      meanMs: Number(row['meanMs']),
      delivered: countOf(row['delivered']),
      failed: countOf(row['failed']),
    };
  });
}
