import type { Collection, Document, Filter } from 'mongodb';
import { smsKey } from '../domain/notificationId.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { LedgerEntry, Lookup, LookupRequest, SmsStore } from '../pipeline/ports.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import type { Ledger } from './ledger.ts';
import type { StateCollections } from './stateCollections.ts';
import { toPlain, toPlainDocument } from './plainDocument.ts';
import { withoutCommands } from './withoutCommands.ts';

type Documents = ReadonlyMap<string, PlainDocument>;
type ParkedBySms = ReadonlyMap<string, Lookup['parked']>;
type EndedBySms = ReadonlyMap<string, readonly LedgerEntry[]>;

/** Reads a whole batch in three queries: the SMS collection, durable state, the ledger. */
export function createSmsStore(options: {
  readonly sms: Collection;
  readonly ledger: Ledger;
  readonly retries: StateCollections['retries'];
  readonly logger: Logger;
  /** Aborted when reading has no more point. */
  readonly signal: AbortSignal;
}): SmsStore {
  const { sms, ledger, retries, logger, signal } = options;
  return {
    async lookUp(requests) {
      const wanted = requests.filter((request) => request.wants === 'document');
      // The ledger last: an end is written there before its row goes, so one of the two shows it.
      const read = async (): Promise<[Documents, EndedBySms, ParkedBySms]> => {
        const [documents, parked] = await Promise.all([
          fetchDocuments(sms, wanted),
          findParked(retries, requests),
        ]);
        return [documents, await ledger.find(requests), parked];
      };
      const [documents, ended, parked] = await retryTransient(() => withoutCommands(read), {
        what: 'look-up',
        signal,
        logger,
      });
      return requests.map((request): Lookup => {
        return {
          document: documents.get(request.smsKey) ?? null,
          ended: ended.get(request.smsKey) ?? [],
          parked: parked.get(request.smsKey) ?? [],
        };
      });
    },
  };
}

async function fetchDocuments(
  sms: Collection,
  requests: readonly LookupRequest[],
): Promise<Documents> {
  const found = new Map<string, PlainDocument>();
  if (requests.length === 0) return found;
  const keys = requests.map((request) => request.documentKey.opaque as Document);
  for (const document of await sms.find(byKeys(keys)).toArray()) {
    const key = smsKey(toPlain(document._id));
    if (key !== null) found.set(key, toPlainDocument(document));
  }
  return found;
}

async function findParked(
  retries: StateCollections['retries'],
  requests: readonly LookupRequest[],
): Promise<ParkedBySms> {
  const keys = requests.map((request) => request.smsKey);
  const rows = await retries
    .find(
      { sms: { $in: keys } },
      { projection: { sms: 1, claim: 1, isClaimed: { $gt: ['$nextAttemptAt', '$$NOW'] } } },
    )
    .toArray();
  const bySms = new Map<string, Lookup['parked']>();
  for (const row of rows) {
    const isClaimed = row['claim'] !== undefined && row['isClaimed'] === true;
    const key = row['sms'] as string;
    bySms.set(key, [...(bySms.get(key) ?? []), { notificationId: row._id, isClaimed }]);
  }
  return bySms;
}

/** On a sharded collection a document key holds the shard key too, and is needed whole to find its shard. */
export function byKeys(keys: readonly Document[]): Filter<Document> {
  const onlyIds = keys.every((key) => Object.keys(key).length === 1);
  return onlyIds ? { _id: { $in: keys.map((key) => key['_id']) } } : { $or: [...keys] };
}
