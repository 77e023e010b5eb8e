import type { Document, Filter } from 'mongodb';
import type { ClaimedRetry, Recheck } from '../ports/retries.ts';
import { findAll, type Limit } from './calls.ts';
import type { Ledger } from './ledger.ts';
import type { RetryRow, RetryRows } from './retryRow.ts';

/** A claim that has not expired: its owner may be making the call. */
const isBeingCalled: Document = {
  claim: { $exists: true },
  $expr: { $gt: ['$nextAttemptAt', '$$NOW'] },
};

/** What has become of the notifications of claimed rows, and of others of the same SMS, in two queries. */
export async function recheckRows(
  claimed: readonly ClaimedRetry[],
  from: {
    readonly retries: RetryRows;
    readonly ledger: Ledger;
    /** Matches the tokens of the store's own claims. */
    readonly ownTokens: Document;
    readonly limit: Limit;
  },
): Promise<readonly Recheck[]> {
  const { retries, ledger, ownTokens, limit } = from;
  const subjects = claimed.map(({ retry }) => retry.subject);
  const requests = subjects.map(({ notificationId, smsKey, documentKey }) => {
    return { notificationId, smsKey, documentKey, wants: 'document' } as const;
  });
  const others: Filter<RetryRow> = {
    sms: { $in: subjects.map(({ smsKey }) => smsKey) },
    $nor: [{ 'claim.token': ownTokens }],
    ...isBeingCalled,
  };
  const [ends, called] = await Promise.all([
    ledger.find(requests, limit),
    findAll(limit, retries, others, { projection: { sms: 1 } }),
  ]);
  const endOf = new Map([...ends.values()].flat().map((end) => [end.notificationId, end]));
  return subjects.map(({ notificationId, smsKey, run }) => {
    const end = endOf.get(notificationId);
    // If the ledger has an end, the notification is called only if it is deliberately replayed.
    const isReplayed = run !== undefined && run !== end?.run;
    const isSibling = ({ sms, _id }: Document): boolean => sms === smsKey && _id !== notificationId;
    return {
      ended: end !== undefined && !isReplayed ? end : null,
      siblingClaimed: called.some(isSibling),
    };
  });
}
