import type { Document, Filter } from 'mongodb';
import { smsKeyOf } from '../domain/notificationId.ts';
import type { DeliveryRecord } from '../domain/record.ts';
import type { LedgerEntry, LookupRequest, RecordedEnding, ServerClock } from '../pipeline/ports.ts';
import { expectedFailures } from './bulkFailures.ts';
import { limits, withDeadline, type Limit } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { codes } from './errorCodes.ts';
import { runOf } from './retryRow.ts';
import { tryToInsert } from './tryToInsert.ts';
import type { LedgerRow, StateCollections } from './stateCollections.ts';

/** The memory of ended notifications: what makes a status notify once, whatever rewrites the document. */
export interface Ledger {
  /** By SMS key, what the requests ask for. */
  find(
    requests: readonly LookupRequest[],
    limit?: Limit,
  ): Promise<ReadonlyMap<string, readonly LedgerEntry[]>>;
  /**
   * Adds the ends. One that is there already stays, unless it was no delivery and this one is. What the
   * ledger now says of those that met one, as far as it is to be shown, by notification.
   */
  add(
    endings: readonly RecordedEnding[],
    limit?: Limit,
  ): Promise<ReadonlyMap<string, DeliveryRecord>>;
  /** Rejects when no row can be added now; adds none. */
  tryToWrite(limit: Limit): Promise<void>;
}

export function createLedger(
  sent: StateCollections['sent'],
  { rememberMs, clock }: { readonly rememberMs: number; readonly clock: ServerClock },
): Ledger {
  return {
    async find(requests, limit = limits.lookUp) {
      const options = { projection: endFields, ...asBytes };
      const rows = await withDeadline(limit, () => sent.find(endsOf(requests), options).toArray());
      return bySms(decodeAll(rows), toEnd);
    },

    async add(endings, limit = limits.write) {
      if (endings.length === 0) return new Map();
      const now = clock.now();
      const expireAt = new Date(now + rememberMs);
      const rows = endings.map((ending) => toRow(ending, new Date(now), expireAt));
      try {
        await withDeadline(limit, () => sent.insertMany(rows, { ordered: false }));
        return new Map();
      } catch (error) {
        const met = alreadyThere(rows, error);
        await replaceWeaker(sent, met, limit);
        return await standingRecords(sent, met, limit);
      }
    },

    async tryToWrite(limit) {
      await tryToInsert(sent, limit);
    },
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
export function historyOf(smsKey: string): Readonly<{ $gt: string; $lt: string }> {
  return { $gt: `${smsKey}:`, $lt: `${smsKey};` };
}

/** Whatever else a row says, it says that this notification has ended. */
export function toEnd(row: Document): LedgerEntry {
  return { notificationId: String(row['_id']), record: recordIn(row), ...runOf(row) };
}

const states: ReadonlySet<unknown> = new Set(['delivered', 'failed', 'skipped', 'retrying']);

/** Null as well for one that nobody may be shown: the worker did not write it. */
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
  return {
    _id: notificationId,
    sms: smsKey,
    state: record.state,
    statusAt: record.statusAt,
    endedAt,
    expireAt,
    run: ending.run ?? null,
    record: showRecord ? own : null,
  };
}

/** The rows that met one of their notification; rethrows when anything else went wrong. */
function alreadyThere(rows: readonly LedgerRow[], error: unknown): readonly LedgerRow[] {
  const { failed } = expectedFailures(error, (code) => code === codes.duplicateKey);
  return rows.filter((_, index) => failed.has(index));
}

/** Writes those that are stronger than what is there: a delivery over anything else, a run over what was before it. */
async function replaceWeaker(
  sent: StateCollections['sent'],
  met: readonly LedgerRow[],
  limit: Limit,
): Promise<void> {
  const weaker = met.flatMap(({ _id, ...fields }) => {
    const isWeaker: Filter<LedgerRow>[] = [];
    if (fields['state'] === 'delivered') isWeaker.push({ state: { $ne: 'delivered' } });
    if (fields['run'] !== null) isWeaker.push({ run: { $ne: fields['run'] } });
    if (isWeaker.length === 0) return [];
    return [{ updateOne: { filter: { _id, $or: isWeaker }, update: { $set: fields } } }];
  });
  if (weaker.length === 0) return;
  await withDeadline(limit, () => sent.bulkWrite(weaker, { ordered: false }));
}

async function standingRecords(
  sent: StateCollections['sent'],
  met: readonly LedgerRow[],
  limit: Limit,
): Promise<ReadonlyMap<string, DeliveryRecord>> {
  const ids = met.map((row) => row._id);
  const options = { projection: { record: 1 }, ...asBytes };
  const rows = await withDeadline(limit, () => sent.find({ _id: { $in: ids } }, options).toArray());
  const entries = decodeAll(rows).map(toEnd);
  return new Map(
    entries.flatMap(({ notificationId, record }) =>
      record === null ? [] : [[notificationId, record] as const],
    ),
  );
}
