import type { Document, Filter } from 'mongodb';
import { readBlockedEndpoints, type BlockedEndpoints } from './blockedEndpoints.ts';
import { findAll, limits } from './calls.ts';
import type { StateCollections } from './database.ts';
import { openEndedList, toEnded } from './endedList.ts';
import type { LedgerRow } from './ledger.ts';
import {
  byPlace,
  endedStates,
  newestFirst,
  only,
  waitingStates,
  type ListedNotification,
  type ListedState,
  type Place,
  type Question,
  type WaitingState,
  type Whose,
} from './listedRows.ts';
import { waitingIndex, waitingShape, type RetryRow, type RetryRows } from './retryRow.ts';
import { isDocument, kinds, show, textOf, webhookIdsLike } from './storedRow.ts';
import { isIndexGone, noDates } from './timeIndex.ts';

/** Which notifications are meant. */
export interface ListQuery extends Whose, Pick<Question<LedgerRow>, 'since' | 'until' | 'after'> {
  /** All when it is null. */
  readonly states: ReadonlySet<ListedState> | null;
}

export interface NotificationPage {
  /** The newest first, by when their status was set. */
  readonly notifications: readonly ListedNotification[];
  /** Rows that have no place among them, as somebody else has written them; with the first page of all states. */
  readonly odd: readonly ListedNotification[];
  /** Behind which the next page begins; null after the last. */
  readonly next: Place | null;
  /** There are ends that an earlier version has written, which do not say whose they are. */
  readonly hasUnattributed: boolean;
}

/** The indexes that a list goes by are not there, or not ready. */
export class NoListIndex extends Error {
  override readonly name = 'NoListIndex';
}

type Collections = Pick<StateCollections, 'sent' | 'retries' | 'endpoints' | 'leases'>;

/**
 * Ended, waiting and blocked notifications in one order, whatever their number: each is read by an index, in its
 * order, as far as the page goes. Rejects with `NoListIndex`, and when the database does not answer.
 */
export async function listNotifications(
  state: Collections,
  query: ListQuery,
  size: number,
): Promise<NotificationPage> {
  try {
    return await readPage(state, query, size);
  } catch (error) {
    if (!isIndexGone(error)) throw error;
    throw new NoListIndex('the indexes that it goes by are missing', { cause: error });
  }
}

async function readPage(
  state: Collections,
  { states, ...query }: ListQuery,
  size: number,
): Promise<NotificationPage> {
  const wanted = <State extends ListedState>(all: readonly State[]): readonly State[] =>
    all.filter((each) => states === null || states.has(each));
  const { sent, retries } = state;
  const blockages = await readBlockedEndpoints(state);
  const waitingList = openWaitingList(retries, query, [...blockages.keys()]);
  const endedList = await openEndedList(sent, query);
  const isWhole = states === null && query.after === null;
  // What waits first: what ends meanwhile is in one of the two.
  const waiting = await waitingList.page(wanted(waitingStates), query, size + 1);
  const ended = await endedList.page(wanted(endedStates), query, size + 1);
  const present = withoutPast(
    waiting.map((row) => ({ row, shown: toWaiting(row, blockages) })),
    ended.map((row) => ({ row, shown: toEnded(row) })),
  ).toSorted((one, other) => byPlace(one.row, other.row));
  const page = present.slice(0, size);
  const last = present.length > size ? page.at(-1)?.row : undefined;
  return {
    notifications: page.map(({ shown }) => shown),
    odd: isWhole
      ? [
          ...(await waitingList.odd(size)).map((row) => toWaiting(row, blockages)),
          ...(await endedList.odd(size)).map(toEnded),
        ]
      : [],
    next: last === undefined ? null : { at: last['statusAt'] as Date, id: String(last['_id']) },
    hasUnattributed: await endedList.hasUnattributed(),
  };
}

interface Row {
  readonly row: Document;
  readonly shown: ListedNotification;
}

/** One that is replayed waits and has an end: it waits. One whose row is still to be removed has ended. */
function withoutPast(waiting: readonly Row[], ended: readonly Row[]): readonly Row[] {
  const runOf = ({ row }: Row): unknown => (row['run'] as unknown) ?? null;
  const ends = new Map(ended.map((each) => [each.row['_id'], runOf(each)]));
  const waits = waiting.filter((each) => {
    const id: unknown = each.row['_id'];
    return !ends.has(id) || ends.get(id) !== runOf(each);
  });
  const again = new Set(waits.map(({ row }) => row['_id'] as unknown));
  return [...waits, ...ended.filter(({ row }) => !again.has(row['_id']))];
}

/** All but the body, and of what was answered but the response. */
const projection = {
  ...{ accountId: 1, flowId: 1, webhookId: 1, url: 1, deliveryStatus: 1, statusAt: 1, run: 1 },
  ...{ acceptedAt: 1, nextAttemptAt: 1, endpoint: 1, undecided: 1, unreadable: 1 },
  log: only('log', {
    begun: '$log.begun',
    last: only('log.last', {
      kind: '$log.last.kind',
      statusCode: '$log.last.statusCode',
      error: '$log.last.error',
      startedAt: '$log.last.startedAt',
      durationMs: '$log.last.durationMs',
    }),
  }),
  isClaimed: {
    $and: [{ $eq: [{ $type: '$claim' }, 'object'] }, { $gt: ['$nextAttemptAt', '$$NOW'] }],
  },
};

/**
 * What is in durable state, in the order of the list. Each call rejects when the database does not answer.
 *
 * @param blocked the keys of the endpoints behind which rows are blocked
 */
function openWaitingList(
  retries: RetryRows,
  { accountId, webhookId }: Whose,
  blocked: readonly string[],
) {
  const whose: Filter<RetryRow> = {
    ...(accountId === null ? {} : { accountId }),
    ...(webhookId === null ? {} : { webhookId: { $in: webhookIdsLike(webhookId) } }),
  };
  const endpointsOf = (states: readonly WaitingState[]): Filter<RetryRow> => {
    if (states.length === 2) return {};
    return { endpoint: states[0] === 'blocked' ? { $in: [...blocked] } : { $nin: [...blocked] } };
  };
  return {
    async page(
      states: readonly WaitingState[],
      span: Pick<Question<RetryRow>, 'since' | 'until' | 'after'>,
      size: number,
    ): Promise<readonly Document[]> {
      if (states.length === 0) return [];
      const filter = { ...whose, ...endpointsOf(states) };
      return await newestFirst(retries, { filter, index: waitingIndex, projection, ...span }, size);
    },
    /** Rows that have no place in it. */
    async odd(size: number): Promise<readonly Document[]> {
      const found: Document[] = [];
      const options = { hint: waitingIndex, projection, limit: size };
      for (const filter of noDates('statusAt')) {
        found.push(...(await findAll(limits.question, retries, { ...filter, ...whose }, options)));
      }
      return found.slice(0, size);
    },
  };
}

const waitingView = {
  notificationId: ['_id', kinds.anyName],
  accountId: ['accountId', kinds.anyId],
  webhookId: ['webhookId', kinds.anyId],
  url: ['url', kinds.anyText],
  statusAt: ['statusAt', kinds.anyDate],
  attempts: ['log.begun', kinds.countOrNone],
  statusCode: ['log.last.statusCode', kinds.anyNumber],
  error: ['log.last.error', kinds.anyText],
  nextAttemptAt: ['nextAttemptAt', kinds.anyDate],
  isClaimed: ['isClaimed', kinds.flag],
} as const;

/** A row of durable state. */
function toWaiting(row: Document, blocks: BlockedEndpoints): ListedNotification {
  const blocked = blocks.get(textOf(row['endpoint']) ?? '') ?? null;
  return {
    ...show(row, waitingView, waitingShape),
    state: blocked === null ? 'waiting' : 'blocked',
    reason: null,
    blocked,
    endedAt: null,
    isUndecided: isDocument(row['undecided']),
  };
}
