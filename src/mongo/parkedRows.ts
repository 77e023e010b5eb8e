import type { Document } from 'mongodb';
import { attemptedRecord } from '../domain/buildRecord.ts';
import type { LookupRequest, ParkedEntry } from '../pipeline/ports.ts';
import { logOf, webhookOf } from './retryRow.ts';
import type { RetryRow, StateCollections } from './stateCollections.ts';

type ParkedBySms = ReadonlyMap<string, readonly ParkedEntry[]>;

const brief: Document = {
  sms: 1,
  claim: 1,
  nextAttemptAt: 1,
  isClaimed: { $gt: ['$nextAttemptAt', '$$NOW'] },
};
/** What a record says. The body, the bulk of a row, is no part of it. */
const recorded: Document = {
  ...brief,
  ...{ deliveryStatus: 1, statusAt: 1, attempts: 1, log: 1, webhookId: 1, url: 1 },
};

/** What durable state has of each request's SMS: with records for all who want more than the document. */
export async function findParked(
  retries: StateCollections['retries'],
  requests: readonly LookupRequest[],
): Promise<(request: LookupRequest) => readonly ParkedEntry[]> {
  const isBrief = (request: LookupRequest): boolean => request.wants === 'document';
  const [withoutRecords, withRecords] = await Promise.all([
    readRows(retries, requests.filter(isBrief), brief),
    readRows(
      retries,
      requests.filter((request) => !isBrief(request)),
      recorded,
    ),
  ]);
  return (request) => (isBrief(request) ? withoutRecords : withRecords).get(request.smsKey) ?? [];
}

async function readRows(
  retries: StateCollections['retries'],
  requests: readonly LookupRequest[],
  projection: Document,
): Promise<ParkedBySms> {
  const bySms = new Map<string, ParkedEntry[]>();
  if (requests.length === 0) return bySms;
  const keys = requests.map((request) => request.smsKey);
  for (const row of await retries.find({ sms: { $in: keys } }, { projection }).toArray()) {
    const key = row['sms'] as string;
    const entries = bySms.get(key);
    if (entries === undefined) bySms.set(key, [toEntry(row)]);
    else entries.push(toEntry(row));
  }
  return bySms;
}

function toEntry(row: RetryRow): ParkedEntry {
  const isClaimed = row['claim'] !== undefined && row['isClaimed'] === true;
  const isShown = !isClaimed && Number(row['attempts'] ?? 0) > 0 && row['log'] !== undefined;
  return {
    notificationId: row._id,
    isClaimed,
    record: isShown ? retryingRecord(row) : null,
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
