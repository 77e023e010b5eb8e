import type { Collection } from 'mongodb';
import { limits, withDeadline } from './calls.ts';

/** Kept for good: the operator decides how long, with an index of their own. */
export interface AuditRow {
  readonly at: Date;
  readonly user: string;
  readonly what: string;
  readonly on: string;
}

export async function addAuditEntry(
  rows: Collection<AuditRow>,
  entry: Omit<AuditRow, 'at'>,
): Promise<void> {
  const row = { at: new Date(), ...entry };
  await withDeadline(limits.question, async () => await rows.insertOne(row));
}
