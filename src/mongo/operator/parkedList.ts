import type { Document, Filter } from 'mongodb';
import { parseIntegerId, type IntegerId } from '../../domain/integerId.ts';
import { limits, withDeadline } from '../calls.ts';
import { asBytes, decodeAll } from '../decodeDocument.ts';
import { isDocument } from '../rowProblem.ts';
import type { RetryRow, StateCollections } from '../stateCollections.ts';
import { dateOf, idOf, nameOf, numberOf, textOf, unreadableIn, type ShownRow } from './shownRow.ts';

/** Which parked notifications are meant; all when neither is given. */
export interface ParkedScope {
  readonly accountId?: IntegerId | undefined;
  /** As an operator writes it: webhook ids may be numbers or text. */
  readonly webhookId?: string | undefined;
}

export interface ParkedFacts extends ShownRow {
  readonly notificationId: string;
  readonly accountId: IntegerId | null;
  readonly flowId: IntegerId | null;
  /** Null while it is not known where it leads. */
  readonly webhookId: IntegerId | null;
  readonly url: string | null;
  readonly deliveryStatus: string | null;
  readonly attempts: number;
  readonly lastStatusCode: number | null;
  readonly lastError: string | null;
  readonly nextAttemptAt: Date | null;
  readonly acceptedAt: Date | null;
  /** Being called, or about to be. */
  readonly isClaimed: boolean;
}

/** What waits in durable state, for people. Each rejects when the database does not answer. */
export interface ParkedList {
  /** Those due first. */
  list(scope: ParkedScope, limit: number): Promise<readonly ParkedFacts[]>;
  count(scope: ParkedScope): Promise<number>;
  /** All statuses of one SMS. */
  ofSms(smsKey: string): Promise<readonly ParkedFacts[]>;
  /** Those that `makeDue` would make due. */
  countWaiting(scope: ParkedScope): Promise<number>;
  /** Makes those due now that are due later and not being called; how many. */
  makeDue(scope: ParkedScope): Promise<number>;
}

export function createParkedList(retries: StateCollections['retries']): ParkedList {
  const find = async (filter: Filter<RetryRow>, limit: number): Promise<readonly ParkedFacts[]> => {
    const isClaimed = {
      $and: [{ $eq: [{ $type: '$claim' }, 'object'] }, { $gt: ['$nextAttemptAt', '$$NOW'] }],
    };
    const rows = await withDeadline(limits.question, () =>
      retries
        .aggregate(
          [
            { $match: filter },
            { $unset: 'body' },
            { $sort: { nextAttemptAt: 1 } },
            { $limit: limit },
            { $set: { isClaimed } },
          ],
          asBytes,
        )
        .toArray(),
    );
    return decodeAll(rows).map(toFacts);
  };
  return {
    list: async (scope, limit) => await find(within(scope), limit),
    count: async (scope) =>
      await withDeadline(limits.question, () => retries.countDocuments(within(scope))),
    ofSms: async (smsKey) => await find({ sms: smsKey }, 100),
    countWaiting: async (scope) =>
      await withDeadline(limits.question, () => retries.countDocuments(waiting(scope))),
    async makeDue(scope) {
      const { modifiedCount } = await withDeadline(limits.question, () =>
        retries.updateMany(waiting(scope), [{ $set: { nextAttemptAt: '$$NOW' } }]),
      );
      return modifiedCount;
    },
  };
}

function within({ accountId, webhookId }: ParkedScope): Document {
  return {
    ...(accountId === undefined ? {} : { accountId }),
    ...(webhookId === undefined ? {} : { webhookId: { $in: namesOf(webhookId) } }),
  };
}

/** A webhook's id as it may be stored. */
export function namesOf(webhookId: string): (number | string)[] {
  const asNumber = parseIntegerId(webhookId);
  return asNumber === null || asNumber === webhookId ? [webhookId] : [webhookId, asNumber];
}

function waiting(scope: ParkedScope): Document {
  const isNotDue = { $gt: ['$nextAttemptAt', '$$NOW'] };
  return { ...within(scope), claim: { $exists: false }, $expr: isNotDue };
}

function toFacts(row: Document): ParkedFacts {
  const log = documentOf(row['log']);
  const last = documentOf(log['last']);
  return {
    notificationId: nameOf(row),
    accountId: idOf(row['accountId']),
    flowId: idOf(row['flowId']),
    webhookId: idOf(row['webhookId']),
    url: textOf(row['url']),
    deliveryStatus: textOf(row['deliveryStatus']),
    attempts: numberOf(log['begun']) ?? 0,
    lastStatusCode: last['kind'] === 'answered' ? numberOf(last['statusCode']) : null,
    lastError: textOf(last['error']),
    nextAttemptAt: dateOf(row['nextAttemptAt']),
    acceptedAt: dateOf(row['acceptedAt']),
    isClaimed: row['isClaimed'] === true,
    ...unreadableIn('parked', row),
  };
}

function documentOf(value: unknown): Document {
  return isDocument(value) ? (value as Document) : {};
}
