import type { Document, Filter } from 'mongodb';
import type { AttemptLog } from '../domain/attempt.ts';
import type { RetryUpdate } from '../ports/retries.ts';
import { findAll, withDeadline, type Limit } from './calls.ts';
import { inMs, toLogFields, toRowUpdate, type RetryRow, type RetryRows } from './retryRow.ts';

/** The claim that a write depends on. */
type Holder = Readonly<Record<'id' | 'token', string>>;

/** A write to a row by the owner of its claim. */
export interface HeldWrite extends Holder {
  readonly update: Document[];
  /** Whether the write ends the claim. */
  readonly isRelease: boolean;
  /** Roughly how much it writes. */
  readonly logBytes: number;
}

/** Counts the attempt, and renews the claim for its full duration. */
export function attemptBegun(holder: Holder, log: AttemptLog, claimMs: number): HeldWrite {
  const fields = toLogFields(log);
  const update = [{ $set: { ...literals(fields), nextAttemptAt: inMs(claimMs) } }];
  return { ...holder, update, isRelease: false, logBytes: fields.logBytes };
}

/** Releases the row, which is due again after `waitMs`. */
export function released(holder: Holder, update: RetryUpdate | null, waitMs: number): HeldWrite {
  const fields = update === null ? null : toRowUpdate(update);
  const set = {
    ...literals(fields ?? {}),
    nextAttemptAt: inMs(waitMs),
    released: holder.token,
  };
  const logBytes = fields?.logBytes ?? 0;
  return { ...holder, update: [{ $set: set }, { $unset: 'claim' }], isRelease: true, logBytes };
}

/** Writes all of these. Returns the new due time of each, or null if another owner has the row by now. */
export async function writeHeld(
  retries: RetryRows,
  writes: readonly HeldWrite[],
  limit: Limit,
): Promise<readonly (Date | null)[]> {
  const projection = { nextAttemptAt: 1, released: 1, 'claim.token': 1 };
  const [only] = writes;
  if (only !== undefined && writes.length === 1) {
    const options = { returnDocument: 'after', projection } as const;
    const row = await withDeadline(limit, () =>
      retries.findOneAndUpdate(rowOf(only), only.update, options),
    );
    return [row === null ? null : row.nextAttemptAt];
  }
  const operations = writes.map((write) => ({
    updateOne: { filter: rowOf(write), update: write.update },
  }));
  await withDeadline(limit, () => retries.bulkWrite(operations, { ordered: false }));
  const those = { _id: { $in: writes.map(({ id }) => id) } };
  const rows = await findAll(limit, retries, those, { projection });
  const byId = new Map(rows.map((row) => [row['_id'] as string, row]));
  return writes.map(({ id, token, isRelease }) => {
    const row = byId.get(id);
    const by: unknown = isRelease ? row?.['released'] : row?.['claim']?.token;
    return by === token ? (row?.['nextAttemptAt'] as Date) : null;
  });
}

function rowOf({ id, token, isRelease }: HeldWrite): Filter<RetryRow> {
  if (!isRelease) return { _id: id, 'claim.token': token };
  const isOurs: Filter<RetryRow>[] = [
    { 'claim.token': token },
    // It was already written, but the answer was lost.
    { claim: { $exists: false }, released: token },
  ];
  return { _id: id, $or: isOurs };
}

export function literals(fields: object): Document {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, { $literal: value }]),
  );
}
