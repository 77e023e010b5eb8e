import { randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import { limits, withDeadline, type Limit } from './calls.ts';

type Row = Readonly<{ _id: string }>;

/** Rejects when no row can be added now; adds none. */
export async function tryToInsert<Kind extends Row>(
  rows: Collection<Kind>,
  limit: Limit,
): Promise<void> {
  const session = rows.db.client.startSession();
  session.startTransaction();
  try {
    const row = { _id: `probe ${randomUUID()}` };
    await withDeadline(limit, () => rows.insertOne(row as never, { session }));
  } finally {
    // Aborts the transaction.
    await withDeadline(limits.ending, () => session.endSession()).catch(() => undefined);
  }
}
