import { limits, withDeadline } from './calls.ts';
import type { StateCollections } from './database.ts';

/** Kept for good: the operator decides how long, with an index of their own. */
interface AuditRow {
  /** By the clock of this machine: to ask for the server's, an entry would have to be updated. */
  readonly at: Date;
  readonly user: string;
  readonly what: string;
  readonly on: string;
}

/**
 * Beside the worker's collections, and not one of them: the worker needs no right to it. Of what is there, nothing is
 * read or changed, so the right to insert is enough, and the console can't alter what it has written.
 */
export async function addAuditEntry(
  { sent }: Pick<StateCollections, 'sent'>,
  entry: Omit<AuditRow, 'at'>,
): Promise<void> {
  const rows = sent.db.collection<AuditRow>('notify_on_delivery_audit');
  const row = { at: new Date(), ...entry };
  await withDeadline(limits.question, async () => await rows.insertOne(row));
}
