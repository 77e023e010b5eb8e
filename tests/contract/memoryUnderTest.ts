import type { PlainDocument } from '../../src/domain/plainValue.ts';
import type {
  Ending,
  LedgerEntry,
  Lookup,
  LookupRequest,
  Lookups,
  OutcomeStore,
} from '../../src/ports/notify.ts';
import type { RetryStore } from '../../src/ports/retries.ts';
import { eachOf } from '../support/eachOf.ts';

/** The SMS collection, the ledger and the waiting rows of one database, and what a test may do to them. */
export interface MemoryUnderTest {
  readonly lookups: Lookups;
  readonly outcomes: OutcomeStore;
  readonly retries: RetryStore;
  addSms(documents: readonly PlainDocument[]): Promise<void>;
  /** Has the row be due, or its claim have run out. */
  makeDue(notificationId: string): Promise<void>;
}

export async function lookUp(
  { lookups }: Pick<MemoryUnderTest, 'lookups'>,
  requests: readonly LookupRequest[],
): Promise<readonly Lookup[]> {
  return await eachOf(lookups.lookUp(requests));
}

export function asking(ending: Ending, wants: 'document' | 'history' = 'document'): LookupRequest {
  const { documentKey, smsKey, notificationId } = ending;
  return { documentKey, smsKey, notificationId, wants };
}

/** Asks what a whole-document save may have removed. */
export function askingForRecords({ documentKey, smsKey }: Ending): LookupRequest {
  return { documentKey, smsKey, wants: 'records' };
}

export function entryOf({ notificationId, record }: Ending): LedgerEntry {
  return { notificationId, record };
}
