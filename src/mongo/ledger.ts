import type { DeliveryRecord } from '../domain/record.ts';
import type { Ending, LedgerEntry, LookupRequest } from '../pipeline/ports.ts';
import { expectedFailures } from './bulkFailures.ts';
import { codes } from './errorCodes.ts';
import type { LedgerRow, StateCollections } from './stateCollections.ts';

/** The memory of ended notifications: what makes a status notify once, whatever rewrites the document. */
export interface Ledger {
  /** By SMS key, what the requests ask for. */
  find(requests: readonly LookupRequest[]): Promise<ReadonlyMap<string, readonly LedgerEntry[]>>;
  /** Adds the ends. One that is there already stays, unless it was no delivery and this one is. */
  add(endings: readonly Ending[]): Promise<void>;
}

export function createLedger(
  sent: StateCollections['sent'],
  { rememberMs }: { readonly rememberMs: number },
): Ledger {
  return {
    async find(requests) {
      const ids = requests.map((request) =>
        request.wants === 'history' ? historyOf(request.smsKey) : request.notificationId,
      );
      const rows = await sent
        .find({ _id: { $in: ids } }, { projection: { sms: 1, record: 1 } })
        .toArray();
      const bySms = new Map<string, LedgerEntry[]>();
      for (const row of rows) {
        const smsKey = row['sms'] as string;
        const entries = bySms.get(smsKey);
        if (entries === undefined) bySms.set(smsKey, [toEntry(row)]);
        else entries.push(toEntry(row));
      }
      return bySms;
    },

    async add(endings) {
      if (endings.length === 0) return;
      const now = Date.now();
      const expireAt = new Date(now + rememberMs);
      const rows = endings.map((ending) => toRow(ending, new Date(now), expireAt));
      try {
        await sent.insertMany(rows, { ordered: false });
      } catch (error) {
        await replaceWeaker(sent, rows, error);
      }
    },
  };
}

/** A key's own ids and no other's: `:` ends it, and can't occur inside an encoded part. */
function historyOf(smsKey: string): RegExp {
  return new RegExp(`^${smsKey}:`);
}

function toEntry(row: LedgerRow): LedgerEntry {
  return {
    notificationId: row._id,
    record: (row['record'] ?? null) as DeliveryRecord | null,
  };
}

function toRow(ending: Ending, endedAt: Date, expireAt: Date): LedgerRow {
  const { notificationId, smsKey, record, showRecord } = ending;
  const { earlier: _earlier, ...own } = record;
  return {
    _id: notificationId,
    sms: smsKey,
    state: record.state,
    statusAt: record.statusAt,
    endedAt,
    expireAt,
    run: null,
    record: showRecord ? own : null,
  };
}

/** Of the rows that met one already there, writes those that are stronger: a delivery over anything else. */
async function replaceWeaker(
  sent: StateCollections['sent'],
  rows: readonly LedgerRow[],
  error: unknown,
): Promise<void> {
  const isDuplicate = (code: number | undefined): boolean => code === codes.duplicateKey;
  const { failed } = expectedFailures(error, isDuplicate);
  const deliveries = rows.filter((row, index) => failed.has(index) && row['state'] === 'delivered');
  if (deliveries.length === 0) return;
  await sent.bulkWrite(
    deliveries.map(({ _id, ...fields }) => ({
      updateOne: {
        filter: { _id, state: { $ne: 'delivered' } },
        update: { $set: fields },
      },
    })),
    { ordered: false },
  );
}
