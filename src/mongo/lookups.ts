import type { Collection, Document } from 'mongodb';
import { smsKey } from '../domain/ids.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import { attemptedRecord } from '../domain/record.ts';
import type { Lookup, LookupRequest, Lookups, WaitingEntry } from '../ports/notify.ts';
import { insist, isolate } from '../runtime/isolate.ts';
import type { Logger } from '../runtime/logger.ts';
import {
  aggregateAll,
  createPatience,
  FULL_BATCH,
  limits,
  readAnswer,
  type Answer,
  type Limit,
} from './calls.ts';
import type { StateCollections } from './database.ts';
import { asBytes } from './decodeDocument.ts';
import { passes } from './errors.ts';
import { bySms, endFields, endsOf, toEnd } from './ledger.ts';
import { toPlainDocument, toPlainField, type UuidRepresentation } from './plainDocument.ts';
import { logOf, recordedShape, webhookOf, type RetryRow } from './retryRow.ts';
import { findSomeByKeys } from './smsCollection.ts';
import { problemIn, runOf } from './storedRow.ts';

type History = Pick<Lookup, 'ended' | 'waiting'>;
type Memory = Pick<StateCollections, 'retries' | 'sent'>;

/**
 * Reads a whole batch in two queries, more where the SMS collection is clustered: the SMS collection, and durable
 * state with the ledger. Of an SMS whose records are asked for, the document is read only if there is anything it could
 * have lost. No more documents are read than one answer of the server holds, which is 16 MB, nor more of the
 * history; the others are left.
 */
export function createLookups(options: {
  readonly sms: Collection;
  readonly state: Memory;
  readonly uuidRepresentation?: UuidRepresentation | undefined;
  readonly logger: Logger;
  /** Aborted when the answer is of no more use. */
  readonly signal: AbortSignal;
}): Lookups {
  const { sms, state, uuidRepresentation: uuids, logger, signal } = options;

  /** Those that are not where their keys say are gone, or their shard keys have changed since: looked up by `_id` alone. */
  const fetchDocuments = async (
    requests: readonly LookupRequest[],
    limit: Limit,
    projection: Document = {},
  ) => {
    const found = new Map<string, PlainDocument>();
    const fetch = async (keys: readonly Document[]): Promise<boolean> => {
      const { documents, isAll } = await findSomeByKeys(sms, keys, { projection, limit });
      for (const document of documents) {
        const key = smsKey(toPlainField(document['_id'], '_id', uuids));
        if (key !== null) found.set(key, toPlainDocument(document, uuids));
      }
      return isAll;
    };
    if (!(await fetch(requests.map(keyOf)))) return { found, isAll: false };
    const missing = requests.filter((request) => !found.has(request.smsKey)).map(keyOf);
    const mayHaveMoved = missing.filter((key) => Object.keys(key).length > 1);
    const isAll = await fetch(mayHaveMoved.map((key) => ({ _id: key['_id'] as unknown })));
    return { found, isAll };
  };
  const readAll = async (
    requests: readonly LookupRequest[],
    limit: Limit,
  ): Promise<readonly Lookup[]> => {
    const wanted = requests.filter((request) => request.wants === 'document');
    const [documents, historyOf] = await Promise.all([
      fetchDocuments(wanted, limit),
      findHistory(state, requests, limit),
    ]);
    if (historyOf === null) {
      const half = Math.ceil(requests.length / 2);
      const others = requests.slice(half).map(() => left);
      return [...(await readAll(requests.slice(0, half), limit)), ...others];
    }
    const restorable = requests.filter((request) => mayHaveLost(request, historyOf(request)));
    const shown = await fetchDocuments(restorable, limit, { notify_on_delivery: 1 });
    return requests.map((request): Lookup => {
      const history = historyOf(request);
      const { found, isAll } = request.wants === 'records' ? shown : documents;
      const document = found.get(request.smsKey) ?? null;
      const isAskedFor = request.wants === 'document' || mayHaveLost(request, history);
      return document === null && isAskedFor && !isAll ? left : { document, ...history };
    });
  };
  return {
    async lookUp(requests) {
      const limit = createPatience(limits.lookUp);
      const trying = { what: 'look-up', signal, logger, passes };
      const together = async (some: readonly LookupRequest[]): Promise<readonly Lookup[]> =>
        await readAll(some, limit);
      return await isolate(requests, together, {
        ...trying,
        async alone(request) {
          const nothing = { ...request, documentKey: { opaque: { _id: nobody } }, smsKey: nobody };
          const read = await insist(async () => await readAll([request], limit), {
            ...trying,
            probe: async () => await readAll([nothing], limit),
          });
          const [lookup = unknown] = read.kind === 'done' ? read.result : [];
          return read.kind === 'done' ? lookup : { ...unknown, unreadable: read.error };
        },
      });
    },
  };
}

const unknown: Lookup = { document: null, ended: [], waiting: [] };
const left: Lookup = { ...unknown, isLeft: true };

/** No SMS: an id of no document, and no key of the worker's own. */
const nobody = ' nobody';

function keyOf({ documentKey }: LookupRequest): Document {
  return documentKey.opaque as Document;
}

function mayHaveLost({ wants }: LookupRequest, { ended, waiting }: History): boolean {
  return wants === 'records' && [...ended, ...waiting].some(({ record }) => record !== null);
}

/**
 * What durable state and the ledger have of each request's SMS: with the records of what waits for all who want
 * more than the document. One query, since with few statuses at a time it is queries that cost; the ledger is
 * read after durable state, as an end is written there before its row goes, so that one of the two shows it.
 * Null when it is more than one answer of the server holds: then fewer are to be asked for. One alone is read whole.
 */
async function findHistory(
  memory: Memory,
  requests: readonly LookupRequest[],
  limit: Limit,
): Promise<((request: LookupRequest) => History) | null> {
  const { brief = [], full = [] } = Object.groupBy(requests, ({ wants }) =>
    wants === 'document' ? 'brief' : 'full',
  );
  const [ofBrief, ofFull] = await Promise.all([
    readHistory(memory, brief, waitsFields, limit),
    readHistory(memory, full, recordFields, limit),
  ]);
  if (ofBrief === null || ofFull === null) return null;
  return (request) => (request.wants === 'document' ? ofBrief : ofFull)(request.smsKey);
}

const noHistory: History = { ended: [], waiting: [] };

async function readHistory(
  { retries, sent }: Memory,
  requests: readonly LookupRequest[],
  projection: Document,
  limit: Limit,
): Promise<((smsKey: string) => History) | null> {
  if (requests.length === 0) return () => noHistory;
  const ends = [
    { $match: endsOf(requests) },
    { $project: { ...endFields, isEnd: { $literal: true } } },
  ];
  const both = [
    { $match: { sms: { $in: requests.map((request) => request.smsKey) } } },
    { $project: projection },
    { $unionWith: { coll: sent.collectionName, pipeline: ends } },
  ];
  // Of one SMS all, however many answers that takes: its statuses, each with a response.
  const { documents: rows, isAll }: Answer =
    requests.length === 1
      ? { documents: await aggregateAll(limit, retries, both), isAll: true }
      : await readAnswer(retries.aggregate(both, { batchSize: FULL_BATCH, ...asBytes }), limit);
  if (!isAll) return null;
  if (rows.length === 0) return () => noHistory;
  const isEnd = (row: Document): boolean => row['isEnd'] === true;
  const ended = bySms(rows.filter(isEnd), toEnd);
  const waiting = bySms(
    rows.filter((row) => !isEnd(row)),
    toWaitingEntry,
  );
  return (key) => ({ ended: ended.get(key) ?? [], waiting: waiting.get(key) ?? [] });
}

/** What says whether a notification waits. */
const waitsFields: Document = {
  ...{ sms: 1, claim: 1, run: 1, nextAttemptAt: 1 },
  isClaimed: { $gt: ['$nextAttemptAt', '$$NOW'] },
};
/** What a record says, too. The body, the bulk of a row, is no part of it. */
const recordFields: Document = {
  ...waitsFields,
  ...{ deliveryStatus: 1, statusAt: 1, attempts: 1, log: 1, webhookId: 1, url: 1 },
};

/** Whatever else a row says, it says that this notification waits. */
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
