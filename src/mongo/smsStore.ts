import type { Collection, Document } from 'mongodb';
import { smsKey } from '../domain/notificationId.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { Lookup, LookupRequest, SmsStore } from '../pipeline/ports.ts';
import type { Logger } from '../runtime/logger.ts';
import { insist, isolate } from '../runtime/isolate.ts';
import type { StateCollections } from './stateCollections.ts';
import type { UuidRepresentation } from './legacyUuid.ts';
import { passes } from './passingErrors.ts';
import { toPlainDocument, toPlainField } from './plainDocument.ts';
import { findSomeByKeys } from './findByKeys.ts';
import { findRemembered } from './remembered.ts';
import { createPatience, limits, type Limit } from './calls.ts';

type Documents = ReadonlyMap<string, PlainDocument>;

/**
 * Reads a whole batch in two queries, more where the SMS collection is clustered: the SMS collection, and durable
 * state with the ledger. Of an SMS whose records are asked for, the document is read only if there is anything it could
 * have lost. No more documents are read than one answer of the server holds, which is 16 MB, nor more of what is
 * remembered; the others are left.
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
  const readAll = async (
    requests: readonly LookupRequest[],
    limit: Limit,
  ): Promise<readonly Lookup[]> => {
    const wanted = requests.filter((request) => request.wants === 'document');
    const [{ found: documents, isAll }, rememberedOf] = await Promise.all([
      fetchDocuments(source, wanted, { limit }),
      findRemembered(state, requests, limit),
    ]);
    if (rememberedOf === null) {
      const half = Math.ceil(requests.length / 2);
      const others = requests.slice(half).map(() => left);
      return [...(await readAll(requests.slice(0, half), limit)), ...others];
    }
    const remembered = requests.map((request) => ({ request, ...rememberedOf(request) }));
    const restorable = remembered.filter(mayHaveLost).map(({ request }) => request);
    const shown = await fetchDocuments(source, restorable, {
      projection: { notify_on_delivery: 1 },
      limit,
    });
    return remembered.map(({ request, ...rest }): Lookup => {
      const isShown = request.wants === 'records';
      const document = (isShown ? shown.found : documents).get(request.smsKey) ?? null;
      const isLeft =
        document === null &&
        ((request.wants === 'document' && !isAll) ||
          (mayHaveLost({ request, ...rest }) && !shown.isAll));
      return isLeft ? left : { document, ...rest };
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

const unknown: Lookup = { document: null, ended: [], parked: [] };
const left: Lookup = { ...unknown, isLeft: true };

/** No SMS: an id of no document, and no key of the worker's own. */
const nobody = ' nobody';

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
): Promise<{ readonly found: Documents; readonly isAll: boolean }> {
  const found = new Map<string, PlainDocument>();
  if (requests.length === 0) return { found, isAll: true };
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
