import type { Collection, Document } from 'mongodb';
import { smsKey } from '../domain/notificationId.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { Lookup, LookupRequest, SmsStore } from '../pipeline/ports.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import type { StateCollections } from './stateCollections.ts';
import type { UuidRepresentation } from './legacyUuid.ts';
import { toPlainDocument, toPlainField } from './plainDocument.ts';
import { findByKeys } from './findByKeys.ts';
import { findRemembered } from './remembered.ts';
import { createPatience, limits, type Limit } from './calls.ts';

type Documents = ReadonlyMap<string, PlainDocument>;

/**
 * Reads a whole batch in two queries, more where the SMS collection is clustered: the SMS collection, and durable state with the ledger. Of an SMS
 * whose records are asked for, the document is read only if there is anything it could have lost.
 */
export function createSmsStore(options: {
  readonly sms: Collection;
  readonly state: Pick<StateCollections, 'retries' | 'sent'>;
  readonly uuidRepresentation?: UuidRepresentation | undefined;
  readonly logger: Logger;
  /** Aborted when reading has no more point. */
  readonly signal: AbortSignal;
}): SmsStore {
  const { sms, state, uuidRepresentation, logger, signal } = options;
  const source = { sms, uuidRepresentation };
  return {
    async lookUp(requests) {
      const limit = createPatience(limits.lookUp);
      const wanted = requests.filter((request) => request.wants === 'document');
      const read = async (): Promise<readonly Lookup[]> => {
        const [documents, rememberedOf] = await Promise.all([
          fetchDocuments(source, wanted, { limit }),
          findRemembered(state, requests, limit),
        ]);
        const remembered = requests.map((request) => ({ request, ...rememberedOf(request) }));
        const restorable = remembered.filter(mayHaveLost).map(({ request }) => request);
        const shown = await fetchDocuments(source, restorable, {
          projection: { notify_on_delivery: 1 },
          limit,
        });
        return remembered.map(({ request, ...rest }) => {
          const found = request.wants === 'records' ? shown : documents;
          return { document: found.get(request.smsKey) ?? null, ...rest };
        });
      };
      return await retryTransient(read, { what: 'look-up', signal, logger });
    },
  };
}

/** Those that are not where their keys say are gone, or their shard keys have changed since: looked up by `_id` alone. */
async function fetchDocuments(
  {
    sms,
    uuidRepresentation: uuids,
  }: {
    readonly sms: Collection;
    readonly uuidRepresentation?: UuidRepresentation | undefined;
  },
  requests: readonly LookupRequest[],
  { projection = {}, limit }: Readonly<{ projection?: Document; limit: Limit }>,
): Promise<Documents> {
  const found = new Map<string, PlainDocument>();
  if (requests.length === 0) return found;
  const fetch = async (keys: readonly Document[]): Promise<void> => {
    for (const document of await findByKeys(sms, keys, { projection, limit })) {
      const key = smsKey(toPlainField(document['_id'], '_id', uuids));
      if (key !== null) found.set(key, toPlainDocument(document, uuids));
    }
  };
  await fetch(requests.map(keyOf));
  const missing = requests.filter((request) => !found.has(request.smsKey)).map(keyOf);
  const mayHaveMoved = missing.filter((key) => Object.keys(key).length > 1);
  await fetch(mayHaveMoved.map((key) => ({ _id: key['_id'] as unknown })));
  return found;
}

function keyOf({ documentKey }: LookupRequest): Document {
  return documentKey.opaque as Document;
}

function mayHaveLost({
  request,
  ended,
  parked,
}: Omit<Lookup, 'document'> & { readonly request: LookupRequest }): boolean {
  if (request.wants !== 'records') return false;
  return [...ended, ...parked].some(({ record }) => record !== null);
}
