import type { Document } from 'mongodb';
import type { Lookup, LookupRequest } from '../pipeline/ports.ts';
import { withDeadline, type Limit } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { bySms, endFields, endsOf, toEnd } from './ledger.ts';
import { briefly, toParkedEntry, withRecord } from './parkedRows.ts';
import { FULL_BATCH, readAnswer, type Answer } from './readAnswer.ts';
import type { StateCollections } from './stateCollections.ts';

type Remembered = Pick<Lookup, 'ended' | 'parked'>;
type Memory = Pick<StateCollections, 'retries' | 'sent'>;

/**
 * What durable state and the ledger have of each request's SMS: with the records of what waits for all who want
 * more than the document. One query, since with few statuses at a time it is queries that cost; the ledger is
 * read after durable state, as an end is written there before its row goes, so that one of the two shows it.
 * Null when it is more than one answer of the server holds: then fewer are to be asked for. One alone is read whole.
 */
export async function findRemembered(
  memory: Memory,
  requests: readonly LookupRequest[],
  limit: Limit,
): Promise<((request: LookupRequest) => Remembered) | null> {
  const isBrief = (request: LookupRequest): boolean => request.wants === 'document';
  const [brief, full] = await Promise.all([
    read(memory, requests.filter(isBrief), { projection: briefly, limit }),
    read(
      memory,
      requests.filter((request) => !isBrief(request)),
      { projection: withRecord, limit },
    ),
  ]);
  if (brief === null || full === null) return null;
  return (request) => (isBrief(request) ? brief : full)(request.smsKey);
}

const nothing: Remembered = { ended: [], parked: [] };

async function read(
  { retries, sent }: Memory,
  requests: readonly LookupRequest[],
  { projection, limit }: Readonly<{ projection: Document; limit: Limit }>,
): Promise<((smsKey: string) => Remembered) | null> {
  if (requests.length === 0) return () => nothing;
  const keys = requests.map((request) => request.smsKey);
  const ends = [
    { $match: endsOf(requests) },
    { $project: { ...endFields, isEnd: { $literal: true } } },
  ];
  const both = [
    { $match: { sms: { $in: keys } } },
    { $project: projection },
    { $unionWith: { coll: sent.collectionName, pipeline: ends } },
  ];
  const { documents: rows, isAll } =
    requests.length === 1
      ? await readWhole(retries, both, limit)
      : await readAnswer(retries.aggregate(both, { batchSize: FULL_BATCH, ...asBytes }), limit);
  if (!isAll) return null;
  if (rows.length === 0) return () => nothing;
  const isEnd = (row: Document): boolean => row['isEnd'] === true;
  const ended = bySms(rows.filter(isEnd), toEnd);
  const parked = bySms(
    rows.filter((row) => !isEnd(row)),
    toParkedEntry,
  );
  return (smsKey) => ({ ended: ended.get(smsKey) ?? [], parked: parked.get(smsKey) ?? [] });
}

/** However many answers that takes: what one SMS has of statuses, each with a response. */
async function readWhole(
  retries: Memory['retries'],
  pipeline: Document[],
  limit: Limit,
): Promise<Answer> {
  const rows = await withDeadline(limit, () => retries.aggregate(pipeline, asBytes).toArray());
  return { documents: decodeAll(rows), isAll: true };
}
