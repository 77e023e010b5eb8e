import type { Collection } from 'mongodb';
import { limits, withDeadline } from './calls.ts';

/** Kept for good: the operator decides how long, with an index of their own. */
export interface AuditRow {
  /** By the clock of this machine: to take the server's, one would have to have the right to change entries. */
  readonly at: Date;
  readonly user: string;
  readonly what: string;
  readonly on: string;
}

/** Needs only the right to insert: the console can neither read nor alter what it has written. */
export async function addAuditEntry(
  rows: Collection<AuditRow>,
  entry: Omit<AuditRow, 'at'>,
): Promise<void> {
  const row = { at: new Date(), ...entry };
  await withDeadline(limits.question, async () => await rows.insertOne(row));
}
