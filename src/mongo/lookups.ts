import type { Collection, Document } from 'mongodb';
import { smsKey } from '../domain/ids.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { Lookup, LookupRequest, Lookups } from '../ports/notify.ts';
import { insist, isolate } from '../runtime/isolate.ts';
import type { Logger } from '../runtime/logger.ts';
import { aggregateOnce, createPatience, limits, type Limit } from './calls.ts';
import { passes } from './errors.ts';
import {
  findHistory,
  historyPipeline,
  isOfHistory,
  toHistory,
  type History,
  type HistoryOf,
  type Memory,
} from './history.ts';
import { toPlainDocument, toPlainField, type UuidRepresentation } from './plainDocument.ts';
import { findSomeByKeys, kindOf } from './smsCollection.ts';

/** What was found: everything, or only as many documents as fit in one answer. */
interface Found {
  readonly documents: ReadonlyMap<string, PlainDocument>;
  readonly isAll: boolean;
}

/**
 * If documents are requested, one query reads the ledger, durable state and the SMS collection for a whole batch. Two
 * or more are needed if that collection is sharded or clustered, has a collation or is in another database, or if the
 * result does not fit in one answer of the server. Of an SMS whose records are asked for, the document is read only if
 * there is anything it could have lost. No more documents are read than one answer of the server holds, which is 16 MB,
 * nor more of the history; the others are left.
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

  /** Whether the last answers were complete: the next ones will be about as large. */
  let fitsInOneAnswer = true;

  const byKey = (documents: readonly Document[]): Map<string, PlainDocument> => {
    const found = new Map<string, PlainDocument>();
    for (const document of documents) {
      const key = smsKey(toPlainField(document['_id'], '_id', uuids));
      if (key !== null) found.set(key, toPlainDocument(document, uuids));
    }
    return found;
  };

  /** Those that are not where their keys say are gone, or their shard keys have changed since: looked up by `_id` alone. */
  const fetchDocuments = async (
    requests: readonly LookupRequest[],
    limit: Limit,
    projection: Document = {},
  ): Promise<Found> => {
    const { documents, isAll } = await findSomeByKeys(sms, requests.map(keyOf), {
      projection,
      limit,
    });
    const found = byKey(documents);
    if (!isAll) return { documents: found, isAll };
    const missing = requests.filter((request) => !found.has(request.smsKey)).map(keyOf);
    const ids = missing.filter((key) => !isOnlyId(key)).map(({ _id }) => ({ _id: _id as unknown }));
    const moved = await findSomeByKeys(sms, ids, { projection, limit });
    return { documents: new Map([...found, ...byKey(moved.documents)]), isAll: moved.isAll };
  };

  const readTogether = async (
    requests: readonly LookupRequest[],
    limit: Limit,
  ): Promise<readonly [Found, HistoryOf] | null> => {
    const keys = requests.map(keyOf);
    const isOrdinary =
      sms.dbName === state.retries.dbName &&
      keys.every(isOnlyId) &&
      requests.every(({ wants }) => wants === 'document');
    if (!fitsInOneAnswer || !isOrdinary) return null;
    const { isClustered, hasCollation } = await kindOf(sms);
    if (isClustered || hasCollation) return null;
    const pipeline = [{ $match: { _id: { $in: keys.map(({ _id }) => _id as unknown) } } }];
    const all = [
      ...historyPipeline(state, requests),
      { $unionWith: { coll: sms.collectionName, pipeline } },
    ];
    const { documents: rows, isAll } = await aggregateOnce(limit, state.retries, all);
    fitsInOneAnswer = isAll;
    if (!isAll) return null;
    const { history = [], documents = [] } = Object.groupBy(rows, (row) =>
      isOfHistory(row) ? 'history' : 'documents',
    );
    return [{ documents: byKey(documents), isAll }, toHistory(history)];
  };

  const readApart = async (
    requests: readonly LookupRequest[],
    limit: Limit,
  ): Promise<readonly [Found, HistoryOf | null]> => {
    const wanted = requests.filter(({ wants }) => wants === 'document');
    const read = await Promise.all([
      fetchDocuments(wanted, limit),
      findHistory(state, requests, limit),
    ]);
    if (wanted.length > 0) fitsInOneAnswer = read[0].isAll && read[1] !== null;
    return read;
  };

  const readAll = async (
    requests: readonly LookupRequest[],
    limit: Limit,
  ): Promise<readonly Lookup[]> => {
    const [read, historyOf] =
      (await readTogether(requests, limit)) ?? (await readApart(requests, limit));
    if (historyOf === null) {
      const half = Math.ceil(requests.length / 2);
      const others = requests.slice(half).map(() => left);
      return [...(await readAll(requests.slice(0, half), limit)), ...others];
    }
    const restorable = requests.filter((request) => mayHaveLost(request, historyOf(request)));
    const shown = await fetchDocuments(restorable, limit, { notify_on_delivery: 1 });
    return requests.map((request): Lookup => {
      const history = historyOf(request);
      const { documents, isAll } = request.wants === 'records' ? shown : read;
      const document = documents.get(request.smsKey) ?? null;
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

function isOnlyId(key: Document): boolean {
  return Object.keys(key).length === 1;
}

function mayHaveLost({ wants }: LookupRequest, { ended, waiting }: History): boolean {
  return wants === 'records' && [...ended, ...waiting].some(({ record }) => record !== null);
}
