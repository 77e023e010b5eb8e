import { Long, MinKey, type Collection, type Document, type Filter } from 'mongodb';
import type { FoundDocument } from '../domain/gap.ts';
import type { IntegerId } from '../domain/ids.ts';
import { limits, readAnswer, withDeadline, type Limit } from './calls.ts';
import { comparisonsFor } from './comparisons.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { toPlainDocument, type UuidRepresentation } from './plainDocument.ts';
import { mayBelong } from './timeIndex.ts';

export interface FoundSms extends FoundDocument {
  /** Its `_id` as it is stored: where a page begins with it. */
  readonly at: unknown;
}

/** Documents in the order of `_id`. Each rejects when the database does not answer. */
export interface SmsPages {
  /** How many there are in all. Reads the whole collection, unless an index helps; rejects after a minute. */
  count(): Promise<number>;
  /** `next` is null after the last page; a page may be empty before it. */
  page(from: unknown): Promise<{
    readonly found: readonly FoundSms[];
    readonly next: { readonly from: unknown } | null;
  }>;
}

interface Span {
  readonly since: Date;
  readonly until: Date;
  readonly accountId: IntegerId | null;
  readonly uuidRepresentation?: UuidRepresentation | undefined;
  /** Documents read at once: what waits in memory to be dealt with grows old. */
  readonly pageSize: number;
}

const COUNT_LIMIT_MS = 60_000;

/** Where the first page begins. */
export const beginning: unknown = new MinKey();

/** Those whose record shows a status of this span, in one of these states. */
export function recordedIn(
  sms: Collection,
  { since, until, states, ...span }: Span & { readonly states: readonly string[] },
): SmsPages {
  const filter = {
    'notify_on_delivery.statusAt': { $gte: since, $lt: until },
    'notify_on_delivery.state': { $in: [...states] },
    ...ofAccount(span.accountId),
  };
  return pagesOf(sms, filter, span);
}

/**
 * Those that may have got their present status in this span, and whose record, if they have one, is not of that
 * status. May bring some of before or after: only their reader can place times that are text.
 */
export function unrecordedIn(sms: Collection, { since, ...span }: Omit<Span, 'until'>): SmsPages {
  // Of any collection: it is nothing to what the search costs.
  const { differ } = comparisonsFor(true);
  const isNotShown = differ('$notify_on_delivery.deliveryStatus', '$deliveryStatus');
  const filter = { $expr: { $and: [mayBelong(since), isNotShown] }, ...ofAccount(span.accountId) };
  return pagesOf(sms, filter, span);
}

function pagesOf(
  sms: Collection,
  filter: Document,
  { pageSize: size, uuidRepresentation }: Pick<Span, 'pageSize' | 'uuidRepresentation'>,
): SmsPages {
  return {
    count: async () =>
      await withDeadline(limits.count, () =>
        sms.countDocuments(filter, { maxTimeMS: COUNT_LIMIT_MS }),
      ),
    async page(from) {
      const { documents, next } = await readPage(sms, { from, filter, size, limit: limits.page });
      const found = documents.map((document) => ({
        at: document['_id'] as unknown,
        documentKey: { opaque: { _id: document['_id'] as unknown } },
        document: toPlainDocument(document, uuidRepresentation),
      }));
      return { found, next };
    },
  };
}

/** Also an id that is stored as decimal digits. */
function ofAccount(accountId: IntegerId | null): Document {
  if (accountId === null) return {};
  const number = typeof accountId === 'number' ? accountId : Long.fromString(accountId);
  return { $or: [{ accountID: number }, { accountID: new RegExp(`^0*${accountId}$`) }] };
}

/** Index entries or documents that one query may go through at most. */
export const EXAMINED_AT_ONCE = 5_000;

interface Page {
  /** At most `size`, and 16 MB; may be empty before the last page. */
  readonly documents: readonly Document[];
  /** Where the next page begins; null after the last one. */
  readonly next: { readonly from: unknown } | null;
}

/**
 * The next documents of a collection that pass the filter, in the order of `_id` from `from` on (`MinKey` for
 * the beginning). By bounds of the index, since a comparison would see ids of one type only. The first query
 * finds, in the index alone, how far the second may go.
 */
export async function readPage(
  sms: Collection,
  page: Readonly<{ from: unknown; filter: Filter<Document>; size: number; limit: Limit }>,
): Promise<Page> {
  const { from, filter, size, limit } = page;
  const byId = { hint: { _id: 1 }, sort: { _id: 1 }, min: { _id: from }, ...asBytes } as const;
  const boundary = { ...byId, projection: { _id: 1 }, skip: EXAMINED_AT_ONCE, limit: 1 };
  const [bound] = decodeAll(await withDeadline(limit, () => sms.find({}, boundary).toArray()));
  const upTo = bound === undefined ? {} : { max: { _id: bound['_id'] as unknown } };
  const inPage = { ...byId, ...upTo };
  const some = sms.find(filter, { ...inPage, limit: size + 1, batchSize: size + 2 });
  const { documents, isAll } = await readAnswer(some, limit);
  if (!isAll && documents.length === 1) {
    const second = { ...inPage, projection: { _id: 1 }, skip: 1, limit: 1 };
    const found = await withDeadline(limit, () => sms.find(filter, second).toArray());
    const [next = bound] = decodeAll(found);
    return { documents, next: next === undefined ? null : { from: next['_id'] as unknown } };
  }
  const following = documents[isAll ? size : documents.length - 1] ?? bound;
  return {
    documents: documents.slice(0, isAll ? size : -1),
    next: following === undefined ? null : { from: following['_id'] as unknown },
  };
}
