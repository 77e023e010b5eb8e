import type { Document, Filter } from 'mongodb';
import type { IntegerId } from '../domain/ids.ts';
import { findAll, limits, withDeadline } from './calls.ts';
import {
  endedIndex,
  endedOfAccountIndex,
  endShape,
  type LedgerRow,
  type SentRows,
} from './ledger.ts';
import {
  byPlace,
  endedStates,
  newestFirst,
  only,
  type EndedState,
  type ListedNotification,
  type Question,
  type Whose,
} from './listedRows.ts';
import {
  documentOf,
  idOf,
  kinds,
  show,
  textOf,
  webhookIdsLike,
  type ShapeOf,
} from './storedRow.ts';
import { noDates } from './timeIndex.ts';

type Span = Pick<Question<LedgerRow>, 'since' | 'until' | 'after'>;

const listedEndShape = {
  ...endShape,
  statusAt: kinds.date,
  // Rows of earlier versions lack it.
  accountId: kinds.integerIdOrNull,
} as const satisfies ShapeOf<LedgerRow>;

/** What is shown: not the response, which may be long and is the customer's. */
const projection = {
  ...{ state: 1, reason: 1, accountId: 1, statusAt: 1, endedAt: 1, expireAt: 1, run: 1 },
  record: only('record', {
    reason: '$record.reason',
    webhookId: '$record.webhookId',
    url: '$record.url',
    attempts: '$record.attempts',
    statusCode: '$record.statusCode',
    error: '$record.error',
  }),
};

/** The server goes through as many ranges of an index in one order; beyond them it would sort. */
const RANGES_AT_ONCE = 200;

/** One point each of `endedOfAccountIndex`, but for the state. */
interface Owners {
  readonly accounts: readonly unknown[];
  readonly webhooks: readonly unknown[];
}

/** What the ledger remembers, in the order of the list. Each call rejects when the database does not answer. */
export async function openEndedList(sent: SentRows, whose: Whose) {
  const owners = await ownersOf(sent, whose);
  const index = owners === null ? endedIndex : endedOfAccountIndex;
  const parts = owners === null ? [{}] : owners.flatMap(inFilters);
  const find = async (filter: Filter<LedgerRow>, limit: number): Promise<readonly Document[]> => {
    return await findAll(limits.question, sent, filter, { hint: index, projection, limit });
  };
  return {
    async page(
      states: readonly EndedState[],
      span: Span,
      size: number,
    ): Promise<readonly Document[]> {
      if (states.length === 0) return [];
      const pages: Document[] = [];
      for (const part of parts) {
        const filter = { ...part, state: { $in: states } };
        pages.push(...(await newestFirst(sent, { filter, index, projection, ...span }, size)));
      }
      return parts.length === 1 ? pages : pages.toSorted(byPlace).slice(0, size);
    },
    /** Rows that have no place in it, as somebody else has written them. */
    async odd(size: number): Promise<readonly Document[]> {
      const ours = { $in: endedStates };
      const filters = [
        { state: { $nin: endedStates } },
        ...noDates('statusAt').map((filter) => ({ state: ours, ...filter })),
      ];
      const found: Document[] = [];
      for (const part of parts) {
        for (const filter of filters) {
          found.push(...(await find({ ...part, ...filter }, size)));
        }
      }
      return found.slice(0, size);
    },
    /** Whether there are rows of earlier versions, which do not say whose they are. */
    async hasUnattributed(): Promise<boolean> {
      if (owners === null) return false;
      // A document that names no account has no webhook either.
      const unattributed = { accountId: null, 'record.webhookId': { $ne: null } };
      return (await find(unattributed, 1)).length > 0;
    },
  };
}

/** Whose entries of the index are read; null for all. A webhook belongs to one account, which not every row names. */
async function ownersOf(
  sent: SentRows,
  { accountId, webhookId }: Whose,
): Promise<readonly Owners[] | null> {
  if (accountId === null && webhookId === null) return null;
  const named = webhookId === null ? null : webhookIdsLike(webhookId);
  if (accountId === null) {
    return [{ accounts: [...(await accountsOf(sent, named ?? [])), null], webhooks: named ?? [] }];
  }
  if (named !== null) return [{ accounts: [accountId, null], webhooks: named }];
  const webhooks = await webhooksOf(sent, accountId);
  return [
    { accounts: [accountId], webhooks: [...webhooks, null] },
    { accounts: [null], webhooks },
  ];
}

/** Reads one entry of the index for each, however many rows there are. */
async function webhooksOf(sent: SentRows, accountId: IntegerId): Promise<readonly unknown[]> {
  const values = [{ $match: { accountId } }, { $group: { _id: '$record.webhookId' } }];
  const found = await withDeadline(limits.question, () =>
    sent.aggregate<{ _id: unknown }>(values, { hint: endedOfAccountIndex }).toArray(),
  );
  return found.map(({ _id }) => _id).filter((value) => idOf(value) !== null);
}

/** For a webhook that several accounts share after all. */
const ACCOUNTS_AT_MOST = 20;

/**
 * As a rule one. Reads an entry or two of the index for each account that there is: its bounds let the server skip
 * what an account has of other webhooks.
 */
async function accountsOf(
  sent: SentRows,
  webhooks: readonly (number | string)[],
): Promise<readonly unknown[]> {
  const accounts: unknown[] = [];
  const first = {
    projection: { _id: 0, accountId: 1 },
    sort: { accountId: 1 },
    hint: endedOfAccountIndex,
  } as const;
  for (const kind of [{ $gt: -Infinity }, { $gt: '' }]) {
    for (let further: Document = kind; accounts.length < ACCOUNTS_AT_MOST;) {
      const filter = { accountId: further, 'record.webhookId': { $in: [...webhooks] } };
      const row = await withDeadline(limits.page, () => sent.findOne(filter, first));
      const accountId: unknown = row?.['accountId'];
      if (accountId === undefined) break;
      accounts.push(accountId);
      further = { $gt: accountId };
    }
  }
  return accounts;
}

/** None of more ranges than the server takes in one order. */
function inFilters({ accounts, webhooks }: Owners): Filter<LedgerRow>[] {
  const atOnce = Math.max(1, Math.floor(RANGES_AT_ONCE / (endedStates.length * accounts.length)));
  const filters: Filter<LedgerRow>[] = [];
  for (let at = 0; at < webhooks.length; at += atOnce) {
    const some: Document = {
      accountId: { $in: accounts },
      'record.webhookId': { $in: webhooks.slice(at, at + atOnce) },
    };
    filters.push(some);
  }
  return filters;
}

const endedView = {
  notificationId: ['_id', kinds.anyName],
  accountId: ['accountId', kinds.anyId],
  webhookId: ['record.webhookId', kinds.anyId],
  url: ['record.url', kinds.anyText],
  statusAt: ['statusAt', kinds.anyDate],
  attempts: ['record.attempts', kinds.anyNumber],
  statusCode: ['record.statusCode', kinds.anyNumber],
  error: ['record.error', kinds.anyText],
  endedAt: ['endedAt', kinds.anyDate],
} as const;

/** A row of the ledger. */
export function toEnded(row: Document): ListedNotification {
  return {
    ...show(row, endedView, listedEndShape),
    state: textOf(row['state']) as EndedState | null,
    reason: textOf(documentOf(row['record'])['reason']) ?? textOf(row['reason']),
    blocked: null,
    nextAttemptAt: null,
    isClaimed: false,
    isUndecided: false,
  };
}
