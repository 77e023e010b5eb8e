import type { Collection, Document, Filter } from 'mongodb';
import { smsKey as keyOfSms, smsKeyOf, type IntegerId } from '../domain/ids.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { DeliveryRecord } from '../domain/record.ts';
import type { LedgerEntry, LookupRequest, RecordedEnding, ServerClock } from '../ports/notify.ts';
import { findAll, limits, tryToInsert, withDeadline, type Limit } from './calls.ts';
import { codes, expectedFailures } from './errors.ts';
import {
  either,
  isDocument,
  isNull,
  kinds,
  runOf,
  show,
  textOf,
  type ShapeOf,
  type Shown,
} from './storedRow.ts';

/** One ended notification. */
export interface LedgerRow {
  readonly _id: string;
  readonly sms: string;
  readonly state: DeliveryRecord['state'];
  readonly statusAt: Date;
  /** Null where the document names none. Rows of versions that did not know it lack it. */
  readonly accountId: IntegerId | null;
  readonly endedAt: Date;
  /** When MongoDB removes the row. */
  readonly expireAt: Date;
  readonly run: string | null;
  /** Where the last answer redirected to, without its query. */
  readonly location?: string;
  /** Without `earlier`; null when none is to be shown. */
  readonly record: DeliveryRecord | null;
  /** Where there is no record. */
  readonly reason?: string | null;
}

export type SentRows = Collection<LedgerRow>;

/**
 * The rows carry their own expiry date and the index a delay of 0: a TTL index' delay could not be changed later with
 * the rights the worker asks for.
 */
export const ledgerIndexes = [{ key: { expireAt: 1 }, expireAfterSeconds: 0 }];

/** Ended notifications by the time of their status; the state goes before it, so that rare ones are found at once. */
export const endedIndex = { state: 1, statusAt: 1 } as const;

/** The same of one account, and of each of its webhooks. */
export const endedOfAccountIndex = {
  accountId: 1,
  'record.webhookId': 1,
  state: 1,
  statusAt: 1,
} as const;

/** What is checked of a row that is shown. */
export const endShape = {
  _id: kinds.text,
  state: kinds.text,
  endedAt: kinds.date,
  expireAt: kinds.date,
  record: { is: either(isNull, isDocument), must: 'a document or null' },
} as const satisfies ShapeOf<LedgerRow>;

export type Ledger = ReturnType<typeof createLedger>;

/** The memory of ended notifications: what makes a status notify once, whatever rewrites the document. */
export function createLedger(
  sent: SentRows,
  { rememberMs, clock }: { readonly rememberMs: number; readonly clock: ServerClock },
) {
  return {
    /** By SMS key, what the requests ask for. */
    async find(
      requests: readonly LookupRequest[],
      limit: Limit = limits.lookUp,
    ): Promise<ReadonlyMap<string, readonly LedgerEntry[]>> {
      const rows = await findAll(limit, sent, endsOf(requests), { projection: endFields });
      return bySms(rows, toEnd);
    },

    /**
     * Adds the ends. One that is there already stays, unless it was no delivery and this one is. What the
     * ledger now says of those that met one, as far as it is to be shown, by notification.
     */
    async add(
      endings: readonly RecordedEnding[],
      limit: Limit = limits.write,
    ): Promise<ReadonlyMap<string, DeliveryRecord>> {
      if (endings.length === 0) return new Map();
      const now = clock.now();
      const expireAt = new Date(now + rememberMs);
      const all = endings.map((ending) => toRow(ending, new Date(now), expireAt));
      const replayed = all.filter(({ run }) => run !== null);
      // For nearly all of these, the ledger has the end that is replayed.
      const isReplaced = (await replaceWeaker(sent, replayed, limit)) === replayed.length;
      const rows = isReplaced ? all.filter(({ run }) => run === null) : all;
      if (rows.length === 0) return new Map();
      try {
        await withDeadline(limit, () => sent.insertMany(rows, { ordered: false }));
        return new Map();
      } catch (error) {
        const { failed } = expectedFailures(error, (code) => code === codes.duplicateKey);
        const met = rows.filter((_, index) => failed.has(index));
        await replaceWeaker(sent, met, limit);
        return await recordsOf(sent, met, limit);
      }
    },

    /** Rejects when no row can be added now; adds none. */
    tryToWrite: async (limit: Limit): Promise<void> => await tryToInsert(sent, limit),
  };
}

/** The rows that the requests ask for. */
export function endsOf(requests: readonly LookupRequest[]): Filter<LedgerRow> {
  const ids = requests.flatMap((request) =>
    request.wants === 'document' ? [request.notificationId] : [],
  );
  const histories = requests.flatMap((request) =>
    request.wants === 'document' ? [] : [{ _id: historyOf(request.smsKey) }],
  );
  const single = { _id: { $in: ids } };
  if (histories.length === 0) return single;
  return { $or: ids.length === 0 ? histories : [single, ...histories] };
}

/** What `toEnd` needs of a row. */
export const endFields = { record: 1, run: 1 } as const;

export function bySms<Entry extends { readonly notificationId: string }>(
  rows: readonly Document[],
  toEntry: (row: Document) => Entry,
): ReadonlyMap<string, readonly Entry[]> {
  const found = new Map<string, Entry[]>();
  for (const row of rows) {
    const entry = toEntry(row);
    const smsKey = smsKeyOf(entry.notificationId);
    const entries = found.get(smsKey);
    if (entries === undefined) found.set(smsKey, [entry]);
    else entries.push(entry);
  }
  return found;
}

/**
 * A key's own ids and no other's: `:` ends it, and can't occur inside an encoded part; `;` is what comes next
 * after it. A range, since the server refuses a regular expression of more than about 32,700 characters.
 */
function historyOf(smsKey: string): Readonly<{ $gt: string; $lt: string }> {
  return { $gt: `${smsKey}:`, $lt: `${smsKey};` };
}

/** Whatever else a row says, it says that this notification has ended. */
export function toEnd(row: Document): LedgerEntry {
  return { notificationId: String(row['_id']), record: recordIn(row), ...runOf(row) };
}

const states: ReadonlySet<unknown> = new Set(['delivered', 'failed', 'skipped', 'retrying']);

/** Null also for one that the worker did not write: it must not be shown. */
function recordIn(row: Document): DeliveryRecord | null {
  const record = row['record'] as Partial<DeliveryRecord> | null | undefined;
  const isOurs =
    states.has(record?.state) &&
    record?.notificationId === row['_id'] &&
    record?.statusAt instanceof Date &&
    typeof record.deliveryStatus === 'string';
  return isOurs ? (record as DeliveryRecord) : null;
}

function toRow(ending: RecordedEnding, endedAt: Date, expireAt: Date): LedgerRow {
  const { notificationId, smsKey, record, showRecord } = ending;
  const { earlier: _earlier, ...own } = record;
  const end = {
    _id: notificationId,
    sms: smsKey,
    state: record.state,
    statusAt: record.statusAt,
    accountId: ending.accountId ?? null,
    endedAt,
    expireAt,
    run: ending.run ?? null,
    ...(ending.location !== undefined && { location: ending.location }),
  };
  return showRecord
    ? { ...end, record: own }
    : { ...end, reason: record.reason ?? null, record: null };
}

/**
 * Writes those that are stronger than what is there: a delivery over anything else, a run over what was before it.
 * Returns how many were replaced.
 */
async function replaceWeaker(
  sent: SentRows,
  met: readonly LedgerRow[],
  limit: Limit,
): Promise<number> {
  const weaker = met.flatMap(({ _id, ...fields }) => {
    const isWeaker: Filter<LedgerRow>[] = [];
    if (fields.state === 'delivered') isWeaker.push({ state: { $ne: 'delivered' } });
    if (fields.run !== null) isWeaker.push({ run: { $ne: fields.run } });
    if (isWeaker.length === 0) return [];
    const redirect = 'location' in fields ? {} : { $unset: { location: 1 as const } };
    const update = { $set: fields, ...redirect };
    return [{ updateOne: { filter: { _id, $or: isWeaker }, update } }];
  });
  if (weaker.length === 0) return 0;
  const written = await withDeadline(limit, () => sent.bulkWrite(weaker, { ordered: false }));
  return written.matchedCount;
}

async function recordsOf(
  sent: SentRows,
  met: readonly LedgerRow[],
  limit: Limit,
): Promise<ReadonlyMap<string, DeliveryRecord>> {
  const those = { _id: { $in: met.map((row) => row._id) } };
  const rows = await findAll(limit, sent, those, { projection: { record: 1 } });
  return new Map(
    rows
      .map(toEnd)
      .flatMap(({ notificationId, record }) =>
        record === null ? [] : [[notificationId, record] as const],
      ),
  );
}

const endView = {
  notificationId: ['_id', kinds.anyName],
  state: ['state', kinds.anyText],
  /** Where there is no record. */
  reason: ['reason', kinds.anyText],
  statusAt: ['statusAt', kinds.anyDate],
  endedAt: ['endedAt', kinds.anyDate],
  forgottenAt: ['expireAt', kinds.anyDate],
  /** Where the last answer redirected to, without its query. */
  location: ['location', kinds.anyText],
} as const;

export interface EndFacts extends Shown<typeof endView> {
  /** As it is stored. */
  readonly record: unknown;
}

/** What the ledger remembers of an SMS, the latest end last. */
export async function findEnds(
  sent: SentRows,
  document: PlainDocument,
): Promise<readonly EndFacts[]> {
  const key = keyOfSms(document['_id'] ?? null);
  if (key === null) return [];
  const ofSms = { _id: historyOf(key) };
  const rows = await findAll(limits.question, sent, ofSms, { sort: { endedAt: 1 } });
  return rows.map((row) => {
    const record: unknown = row['record'] ?? null;
    return { ...show(row, endView, endShape), record };
  });
}

/**
 * Where the newest notification that ended for a webhook at this URL was redirected to, and by which status; null where
 * it was not.
 */
export async function findLastRedirect(
  sent: SentRows,
  webhook: Readonly<{ accountId: IntegerId; webhookId: IntegerId; url: string }>,
): Promise<{ readonly statusCode: number | null; readonly location: string } | null> {
  const { accountId, webhookId, url } = webhook;
  // One each, so that the index on them serves.
  const newest = ['failed', 'delivered'].map(async (state): Promise<Document | undefined> => {
    const ended: Document = { accountId, 'record.webhookId': webhookId, state };
    const [row] = await findAll(limits.question, sent, ended, { sort: { statusAt: -1 }, limit: 1 });
    return row;
  });
  const [failed, delivered] = await Promise.all(newest);
  const location = textOf(failed?.['location']);
  const isNewest = !(delivered !== undefined && delivered['statusAt'] > failed?.['statusAt']);
  const record = failed?.['record'] as Document | null | undefined;
  return location !== null && isNewest && record?.['url'] === url
    ? { location, statusCode: kinds.statusCode.show(record['statusCode']) }
    : null;
}
