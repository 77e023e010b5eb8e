import { Long, MinKey, type Collection, type Document } from 'mongodb';
import type { FoundDocument } from '../../domain/gap.ts';
import type { IntegerId } from '../../domain/integerId.ts';
import { limits, withDeadline } from '../calls.ts';
import { comparisonsFor } from '../comparisons.ts';
import { mayBelong } from '../mayBelong.ts';
import type { UuidRepresentation } from '../legacyUuid.ts';
import { toPlainDocument } from '../plainDocument.ts';
import { readPage } from '../readPage.ts';

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
