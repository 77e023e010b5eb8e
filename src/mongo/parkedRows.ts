import type { Document } from 'mongodb';
import { attemptedRecord } from '../domain/buildRecord.ts';
import type { ParkedEntry } from '../pipeline/ports.ts';
import { logOf, runOf, webhookOf } from './retryRow.ts';
import { shownProblem } from './rowProblem.ts';
import type { RetryRow } from './stateCollections.ts';

/** What tells whether a notification waits. */
export const briefly: Document = {
  sms: 1,
  claim: 1,
  run: 1,
  nextAttemptAt: 1,
  isClaimed: { $gt: ['$nextAttemptAt', '$$NOW'] },
};
/** What a record says. The body, the bulk of a row, is no part of it. */
export const withRecord: Document = {
  ...briefly,
  ...{ deliveryStatus: 1, statusAt: 1, attempts: 1, log: 1, webhookId: 1, url: 1 },
};

/** Whatever else a row says, it says that this notification waits. */
export function toParkedEntry(row: Document): ParkedEntry {
  const isClaimed = row['claim'] !== undefined && row['isClaimed'] === true;
  const hasAttempts = Number(row['attempts'] ?? 0) > 0 && row['log'] !== undefined;
  const isShown = !isClaimed && hasAttempts && row['nextAttemptAt'] instanceof Date;
  return {
    notificationId: String(row['_id']),
    isClaimed,
    record: isShown && shownProblem(row) === null ? retryingRecord(row as RetryRow) : null,
    ...(row['statusAt'] instanceof Date && { statusAt: row['statusAt'] }),
    ...runOf(row),
  };
}

function retryingRecord(row: RetryRow): ParkedEntry['record'] {
  const subject = {
    notificationId: row._id,
    deliveryStatus: row['deliveryStatus'] as string,
    statusAt: row['statusAt'] as Date,
  };
  const nextAttemptAt = row['nextAttemptAt'] as Date;
  const standing = { state: 'retrying', nextAttemptAt } as const;
  return attemptedRecord(subject, webhookOf(row), logOf(row), standing);
}
