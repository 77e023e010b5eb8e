import { Binary, type Collection, type Document, type Filter } from 'mongodb';
import { noAttempts } from '../domain/attempt.ts';
import type { IntegerId } from '../domain/ids.ts';
import { NO_ENDPOINT, type NewRetry } from '../ports/retries.ts';
import { aggregateAll, findAll, limits, withDeadline } from './calls.ts';
import type { StateCollections } from './database.ts';
import { fitsIntoRow, thaw } from './frozenBody.ts';
import { toRetryRow, waitingShape, type RetryRow, type RetryRows } from './retryRow.ts';
import { insertNew } from './rowWrites.ts';
import { kinds, show, webhookIdsLike, type Shown } from './storedRow.ts';

/** Which waiting notifications are meant; all when none of these is given. */
export interface RetryScope {
  readonly accountId?: IntegerId | undefined;
  /** As an operator writes it: webhook ids may be numbers or text. */
  readonly webhookId?: string | undefined;
  /** As waiting rows name the SMS. */
  readonly smsKey?: string | undefined;
}

const retryView = {
  notificationId: ['_id', kinds.anyName],
  accountId: ['accountId', kinds.anyId],
  flowId: ['flowId', kinds.anyId],
  /** Null while it is not known where it leads. */
  webhookId: ['webhookId', kinds.anyId],
  url: ['url', kinds.anyText],
  /** The key of the endpoint it leads to; empty while that is not known. */
  endpoint: ['endpoint', kinds.anyText],
  deliveryStatus: ['deliveryStatus', kinds.anyText],
  attempts: ['log.begun', kinds.countOrNone],
  /** When the attempt began whose outcome is not known. */
  runningSince: ['log.runningSince', kinds.anyDate],
  lastAttemptAt: ['log.last.startedAt', kinds.anyDate],
  lastDurationMs: ['log.last.durationMs', kinds.anyNumber],
  lastStatusCode: ['log.last.statusCode', kinds.anyNumber],
  lastError: ['log.last.error', kinds.anyText],
  /** Where the last answer redirected to, without its query; not followed. */
  lastLocation: ['log.last.location', kinds.anyText],
  nextAttemptAt: ['nextAttemptAt', kinds.anyDate],
  acceptedAt: ['acceptedAt', kinds.anyDate],
  /** Being called, or about to be. */
  isClaimed: ['isClaimed', kinds.flag],
} as const;

export type RetryFacts = Shown<typeof retryView>;

export interface RetryCounts {
  /** Due later, and not being called: those that `makeDue` makes due. */
  readonly waiting: number;
  /** Due already, and not being called. */
  readonly due: number;
  /** Being called, or about to be. */
  readonly called: number;
  /** Of those not being called, the ones whose route is not known yet. */
  readonly routeUnknown: number;
}

const isHeld = { $ne: [{ $type: '$claim' }, 'missing'] };
const isLater = { $gt: ['$nextAttemptAt', '$$NOW'] };
const isCalled = { $and: [isHeld, isLater] };
const leadsNowhere = { $eq: ['$endpoint', NO_ENDPOINT] };
const countOf = (condition: object): object => ({ $sum: { $cond: [condition, 1, 0] } });
const countStates = {
  $group: {
    _id: null,
    waiting: countOf({ $and: [{ $not: isHeld }, isLater] }),
    due: countOf({ $not: isLater }),
    called: countOf(isCalled),
    routeUnknown: countOf({ $and: [{ $not: isCalled }, leadsNowhere] }),
  },
};

/** What waits, for operators. Each call rejects when the database does not answer. */
export function createRetryList(retries: RetryRows) {
  const find = async (filter: Filter<RetryRow>, limit: number): Promise<readonly RetryFacts[]> => {
    const isClaimed = { $and: [{ $eq: [{ $type: '$claim' }, 'object'] }, isLater] };
    const rows = await aggregateAll(limits.question, retries, [
      { $match: filter },
      { $unset: 'body' },
      { $sort: { nextAttemptAt: 1 } },
      { $limit: limit },
      { $set: { isClaimed } },
    ]);
    return rows.map((row) => show(row, retryView, waitingShape));
  };
  return {
    /** Those due first. */
    list: async (scope: RetryScope, limit: number): Promise<readonly RetryFacts[]> =>
      await find(inScope(scope), limit),
    count: async (scope: RetryScope): Promise<number> =>
      await withDeadline(limits.question, () => retries.countDocuments(inScope(scope))),
    /** All statuses of one SMS. */
    ofSms: async (smsKey: string): Promise<readonly RetryFacts[]> =>
      await find({ sms: smsKey }, 100),
    /** The body that a row has frozen; null when there is no such row, or it is damaged. */
    async bodyOf(notificationId: string): Promise<Buffer | null> {
      const that = { _id: notificationId };
      const [row] = await findAll(limits.question, retries, that, { projection: { body: 1 } });
      const body: unknown = row?.['body'];
      return body instanceof Binary ? await thaw(body) : null;
    },
    /** How many there are in each state. */
    async countBy(scope: RetryScope): Promise<RetryCounts> {
      const [counts] = await withDeadline(limits.question, () =>
        retries.aggregate<RetryCounts>([{ $match: inScope(scope) }, countStates]).toArray(),
      );
      return counts ?? { waiting: 0, due: 0, called: 0, routeUnknown: 0 };
    },
    /** Makes those due now that are due later and not being called; how many. */
    async makeDue(scope: RetryScope): Promise<number> {
      const waiting = { ...inScope(scope), claim: { $exists: false }, $expr: isLater };
      const { modifiedCount } = await withDeadline(limits.question, () =>
        retries.updateMany(waiting, [{ $set: { nextAttemptAt: '$$NOW' } }]),
      );
      return modifiedCount;
    },
  };
}

/** A filter for those that are meant. */
export function inScope({ accountId, webhookId, smsKey }: RetryScope): Document {
  return {
    ...(accountId === undefined ? {} : { accountId }),
    ...(smsKey === undefined ? {} : { sms: smsKey }),
    ...(webhookId === undefined ? {} : { webhookId: { $in: webhookIdsLike(webhookId) } }),
  };
}

/** A notification that the running worker is to send; its route is still to be looked up. */
export type Replay = Pick<NewRetry, 'subject' | 'accountId' | 'flowId' | 'body'>;

/** What became of each, in the order given. */
export type Queued =
  /** Stored, due at once. */
  | 'queued'
  /** By an earlier session of the same run. */
  | 'queued_before'
  /** Left alone: it waits for a retry, or another run has it. */
  | 'waiting'
  /** The ledger has its end: of this run, or, without one, any. */
  | 'ended'
  /** Its body is too large for a row. */
  | 'too_large';

/** Notifications that are to be sent though no change asks for it. */
export interface ReplayQueue {
  /** Adds their rows unless they are there, or have ended in their run. */
  add(all: readonly Replay[]): Promise<readonly Queued[]>;
  /** What `add` would do. */
  preview(all: readonly Replay[]): Promise<readonly Queued[]>;
}

/** Both calls reject when the database does not answer. */
export function createReplayQueue({
  retries,
  sent,
}: Pick<StateCollections, 'retries' | 'sent'>): ReplayQueue {
  const sort = async (
    all: readonly Replay[],
    take: (wanted: readonly Replay[]) => Promise<ReadonlyMap<string, Queued>>,
  ): Promise<readonly Queued[]> => {
    const fits = await Promise.all(all.map(async ({ body }) => await fitsIntoRow(body)));
    const ends = await runsIn(sent, all);
    const hasEnded = ({ subject: { notificationId, run } }: Replay): boolean =>
      ends.has(notificationId) && (run === undefined || ends.get(notificationId) === run);
    const taken = await take(all.filter((each, index) => fits[index] === true && !hasEnded(each)));
    return all.map((each, index) => {
      if (fits[index] !== true) return 'too_large';
      if (hasEnded(each)) return 'ended';
      return taken.get(each.subject.notificationId) ?? 'waiting';
    });
  };
  return {
    add: async (all) => await sort(all, async (wanted) => await insert(retries, wanted)),
    preview: async (all) =>
      await sort(all, async (wanted) => await compare(retries, wanted, 'queued')),
  };
}

/** Of the rows there are: somebody else may have written anything there. */
async function runsIn<Row extends Document>(
  rows: Collection<Row>,
  all: readonly Replay[],
): Promise<ReadonlyMap<string, unknown>> {
  const those = { _id: { $in: all.map(({ subject }) => subject.notificationId) } } as Filter<Row>;
  const found = await findAll(limits.question, rows, those, { projection: { run: 1 } });
  return new Map(found.map((row) => [row['_id'] as string, row['run'] as unknown]));
}

async function insert(
  retries: RetryRows,
  all: readonly Replay[],
): Promise<ReadonlyMap<string, Queued>> {
  if (all.length === 0) return new Map();
  const undecided = { isStale: false, lookUps: 0 };
  const more = { log: noAttempts, webhook: null, undecided };
  const now = await serverTime(retries);
  const rows = await Promise.all(
    all.map(async (each) => {
      const row = await toRetryRow({ ...each, ...more });
      return { ...row, acceptedAt: now, nextAttemptAt: now };
    }),
  );
  const thereBefore = await insertNew(retries, rows, limits.question);
  const added = all.filter((_, index) => !thereBefore.has(index));
  const others = all.filter((_, index) => thereBefore.has(index));
  const queued = added.map(({ subject }) => [subject.notificationId, 'queued'] as const);
  return new Map([...(await compare(retries, others, 'waiting')), ...queued]);
}

async function serverTime(retries: RetryRows): Promise<Date> {
  const hello = await withDeadline(limits.question, () => retries.db.command({ hello: 1 }));
  return hello['localTime'] as Date;
}

/** What the rows there are say of these; `otherwise` for those that have none. */
async function compare(
  retries: RetryRows,
  all: readonly Replay[],
  otherwise: Queued,
): Promise<ReadonlyMap<string, Queued>> {
  const runs = await runsIn(retries, all);
  return new Map(
    all.map(({ subject: { notificationId, run } }) => {
      if (!runs.has(notificationId)) return [notificationId, otherwise];
      const isOurs = run !== undefined && runs.get(notificationId) === run;
      return [notificationId, isOurs ? 'queued_before' : 'waiting'];
    }),
  );
}
