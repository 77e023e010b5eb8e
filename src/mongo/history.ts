import { randomUUID } from 'node:crypto';
import type { Document } from 'mongodb';
import { attemptedRecord } from '../domain/record.ts';
import type { Lookup, LookupRequest, WaitingEntry } from '../ports/notify.ts';
import { aggregateAll, aggregateOnce, type Limit } from './calls.ts';
import type { StateCollections } from './database.ts';
import { bySms, endFields, endsOf, toEnd } from './ledger.ts';
import { logOf, recordedShape, webhookOf, type RetryRow } from './retryRow.ts';
import { problemIn, runOf } from './storedRow.ts';

/** What durable state and the ledger hold about an SMS. */
export type History = Pick<Lookup, 'ended' | 'waiting'>;
export type HistoryOf = (request: LookupRequest) => History;
export type Memory = Pick<StateCollections, 'retries' | 'sent'>;

/** Tells whether a row's notification has ended. No field of an SMS document has this name. */
const STANDS = `stands ${randomUUID()}`;

/** Whether a row is part of the history and not an SMS document. */
export function isOfHistory(row: Document): boolean {
  return Object.hasOwn(row, STANDS);
}

/**
 * Reads both, starting from `retries`. The ledger is read after durable state, and an end is written to the ledger
 * before its row is removed, so at least one of them shows it.
 */
export function historyPipeline(
  { sent }: Pick<Memory, 'sent'>,
  requests: readonly LookupRequest[],
): Document[] {
  const isBrief = requests.every(({ wants }) => wants === 'document');
  const ends = [
    { $match: endsOf(requests) },
    { $project: { ...endFields, [STANDS]: { $literal: 'ended' } } },
  ];
  return [
    { $match: { sms: { $in: requests.map((request) => request.smsKey) } } },
    { $project: { ...(isBrief ? waitsFields : recordFields), [STANDS]: { $literal: 'waiting' } } },
    { $unionWith: { coll: sent.collectionName, pipeline: ends } },
  ];
}

/** The history of each SMS in these rows. */
export function toHistory(rows: readonly Document[]): HistoryOf {
  if (rows.length === 0) return () => noHistory;
  const { ended = [], waiting = [] } = Object.groupBy(rows, (row) =>
    row[STANDS] === 'ended' ? 'ended' : 'waiting',
  );
  const [ends, waits] = [bySms(ended, toEnd), bySms(waiting, toWaitingEntry)];
  return ({ smsKey }) => ({ ended: ends.get(smsKey) ?? [], waiting: waits.get(smsKey) ?? [] });
}

const noHistory: History = { ended: [], waiting: [] };

/**
 * What durable state and the ledger hold about each request's SMS. Requests for more than the document also get the
 * records of waiting notifications. All in one query, because with few statuses at a time the number of queries
 * determines the cost. Null if it does not fit in one answer of the server: the caller must ask for fewer. A single
 * request is always read completely.
 */
export async function findHistory(
  memory: Memory,
  requests: readonly LookupRequest[],
  limit: Limit,
): Promise<HistoryOf | null> {
  const { brief = [], full = [] } = Object.groupBy(requests, ({ wants }) =>
    wants === 'document' ? 'brief' : 'full',
  );
  const [ofBrief, ofFull] = await Promise.all([
    readHistory(memory, brief, limit),
    readHistory(memory, full, limit),
  ]);
  if (ofBrief === null || ofFull === null) return null;
  return (request) => (request.wants === 'document' ? ofBrief : ofFull)(request);
}

async function readHistory(
  memory: Memory,
  requests: readonly LookupRequest[],
  limit: Limit,
): Promise<HistoryOf | null> {
  if (requests.length === 0) return () => noHistory;
  const { retries } = memory;
  const pipeline = historyPipeline(memory, requests);
  const { documents, isAll } = await aggregateOnce(limit, retries, pipeline);
  if (isAll) return toHistory(documents);
  // For one SMS, everything is read, however many answers it takes: all its statuses, each with a response.
  return requests.length === 1 ? toHistory(await aggregateAll(limit, retries, pipeline)) : null;
}

/** The fields that show whether a notification waits. */
const waitsFields: Document = {
  ...{ sms: 1, claim: 1, run: 1, nextAttemptAt: 1 },
  isClaimed: { $gt: ['$nextAttemptAt', '$$NOW'] },
};
/** The fields of a record as well. They don't include the body, which is most of a row. */
const recordFields: Document = {
  ...waitsFields,
  ...{ deliveryStatus: 1, statusAt: 1, attempts: 1, log: 1, webhookId: 1, url: 1 },
};

/** Even if nothing else in a row can be read, it shows that its notification waits. */
function toWaitingEntry(row: Document): WaitingEntry {
  const isClaimed = row['claim'] !== undefined && row['isClaimed'] === true;
  const hasAttempts = Number(row['attempts'] ?? 0) > 0 && row['log'] !== undefined;
  const isShown =
    !isClaimed &&
    hasAttempts &&
    row['nextAttemptAt'] instanceof Date &&
    problemIn(row, recordedShape) === null;
  return {
    notificationId: String(row['_id']),
    isClaimed,
    record: isShown ? retryingRecord(row as RetryRow) : null,
    ...(row['statusAt'] instanceof Date && { statusAt: row['statusAt'] }),
    ...runOf(row),
  };
}

function retryingRecord(row: RetryRow): WaitingEntry['record'] {
  const { _id: notificationId, deliveryStatus, statusAt, nextAttemptAt } = row;
  return attemptedRecord({ notificationId, deliveryStatus, statusAt }, webhookOf(row), logOf(row), {
    state: 'retrying',
    nextAttemptAt,
  });
}
