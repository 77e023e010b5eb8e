import { randomUUID } from 'node:crypto';
import type { Binary, Document } from 'mongodb';
import {
  CannotPark,
  type ClaimedNotification,
  type IdSet,
  type ParkableNotification,
  type RetryStore,
} from '../pipeline/retryPort.ts';
import type { Metrics, ServerClock } from '../pipeline/ports.ts';
import { createBatcher, type Batcher } from '../runtime/batcher.ts';
import type { Logger } from '../runtime/logger.ts';
import { insist, isolate } from '../runtime/isolate.ts';
import { createNudge } from '../runtime/nudge.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import { causeOf } from './errorCodes.ts';
import type { Ledger } from './ledger.ts';
import { passes } from './passingErrors.ts';
import {
  claimDueRows,
  claimOldRows,
  findDueEndpoints,
  findRouteKeys,
  inMs,
  moveRows,
  putAside,
  type Claim,
} from './dueRows.ts';
import {
  endpointFields,
  fitsIntoRow,
  fromRetryRow,
  toLogFields,
  toRetryRow,
  toRowUpdate,
  UnreadableRow,
} from './retryRow.ts';
import type { RetryRow, StateCollections } from './stateCollections.ts';
import { createPatience, limits, withDeadline, type Limit } from './calls.ts';
import { tryToInsert } from './tryToInsert.ts';

export interface RetryStoreOptions {
  readonly retries: StateCollections['retries'];
  readonly ledger: Ledger;
  readonly clock: ServerClock;
  /** Written into claims, for people. */
  readonly workerId: string;
  /** How long a claim holds: an attempt's longest duration and the writes around it. */
  readonly claimMs: number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'rowUnreadable'>;
  /** Aborted when the worker can't wait any longer for a write. */
  readonly signal: AbortSignal;
}

/** A row to be added unless it is there. */
interface NewRow {
  readonly row: RetryRow;
  readonly dueInMs: number;
  readonly claim: Readonly<{ by: string; token: string }> | null;
}

/** One row of this endpoint, none of these. */
interface Wanted {
  readonly endpointKey: string;
  readonly except: IdSet;
}

/** Bodies, as they are stored, and responses in one batch. */
const BATCH_BYTES = 8 * 1024 * 1024;

export function createRetryStore(options: RetryStoreOptions): RetryStore {
  const { retries, ledger, clock, workerId, claimMs, logger, metrics, signal } = options;
  const claimPatience = createPatience(limits.claim);
  const persist = async <Result>(write: (limit: Limit) => Promise<Result>): Promise<Result> => {
    const patience = createPatience(limits.write);
    return await retryTransient(() => write(patience), { what: 'retry', signal, logger });
  };

  /** The rows as they are afterwards, new or not, by id. */
  const insert = async (
    rows: readonly NewRow[],
    limit: Limit,
  ): Promise<ReadonlyMap<string, RetryRow>> => {
    const insertions = rows.map(({ row, dueInMs, claim }) => ({
      updateOne: {
        filter: { _id: row._id },
        update: insertion(row, dueInMs, claim),
        upsert: true,
      },
    }));
    await withDeadline(limit, () => retries.bulkWrite(insertions, { ordered: false }));
    const ids = rows.map(({ row }) => row._id);
    const projection = { claim: 1, nextAttemptAt: 1 };
    const written = await withDeadline(limit, () =>
      retries.find({ _id: { $in: ids } }, { projection }).toArray(),
    );
    return new Map(written.map((row) => [row._id, row]));
  };
  const insertAll = async (rows: readonly NewRow[]): Promise<readonly (RetryRow | null)[]> => {
    const written = await insert(rows, createPatience(limits.write));
    return rows.map(({ row }) => written.get(row._id) ?? null);
  };
  const trying = { what: 'retry', signal, logger, passes };
  const insertAlone = async (each: NewRow): Promise<RetryRow | null> => {
    const probe = async (): Promise<void> => await tryToInsert(retries, limits.write);
    const insisted = await insist(async () => await insertAll([each]), { ...trying, probe });
    if (insisted.kind === 'done') return insisted.result[0] ?? null;
    const { error } = insisted;
    const code = causeOf(error);
    logger.error('record_failed', { notificationId: each.row._id, code, what: 'retry', error });
    throw new CannotPark(error.message, { cause: error });
  };
  const inserts = createBatcher<NewRow, RetryRow | null>({
    maxSize: 100,
    weight: {
      atMost: BATCH_BYTES,
      of: ({ row }) => (row['body'] as Binary).length() + Number(row['logBytes']),
    },
    // Nobody waits for it but the checkpoint, and each write makes the server sync its journal once more.
    lingerMs: 50,
    concurrency: 2,
    async run(rows) {
      return await isolate(rows, insertAll, { ...trying, alone: insertAlone });
    },
  });
  /** Begins the token of every claim of this store. A worker's name may be an earlier process', too. */
  const own = randomUUID();
  const newToken = (): string => `${own}:${randomUUID()}`;
  const newClaim = (): Claim => ({
    by: workerId,
    token: newToken(),
    claimMs,
    limit: claimPatience,
  });
  const claims: Batcher<Wanted, ClaimedNotification | null> = createBatcher({
    maxSize: 100,
    lingerMs: 5,
    // Two at once would find the same rows.
    concurrency: 1,
    async run(wanted: readonly Wanted[]) {
      const claim = newClaim();
      const endpointKeys = wanted.map(({ endpointKey }) => endpointKey);
      const except = { has: (id: string) => wanted.some((each) => each.except.has(id)) };
      const claimed = await claimDueRows(retries, { endpointKeys, except }, claim);
      const read = await Promise.all(
        claimed.map(async (row) => (row === null ? null : await toClaimed(row, claim))),
      );
      // Each of these has its turn: what can't be read is put aside, and the next one is claimed.
      const isPutAside = (index: number): boolean =>
        claimed[index] !== null && read[index] === null;
      const left = wanted.map((each, index) => (isPutAside(index) ? claims.add(each) : null));
      return read.map((row, index) => left[index] ?? row);
    },
  });
  /** Null for a row that can't be read: it is put aside. */
  const toClaimed = async (row: RetryRow, claim: Claim): Promise<ClaimedNotification | null> => {
    try {
      return { parked: await fromRetryRow(row), claim: claim.token };
    } catch (error) {
      if (!(error instanceof UnreadableRow)) throw error;
      const { message: problem } = error;
      await putAside(retries, row, { problem, claim });
      const collection = retries.collectionName;
      metrics.rowUnreadable(collection);
      logger.error('row_unreadable', { collection, id: row._id, problem });
      return null;
    }
  };
  const add = async (parked: ParkableNotification, dueInMs: number, claim: NewRow['claim']) =>
    await inserts.add({ row: await toRetryRow(parked), dueInMs, claim });

  const news = createNudge();
  return {
    news,
    renewEveryMs: claimMs / 3,
    async renew(held) {
      const filter = { _id: { $in: [...held.keys()] }, 'claim.token': { $in: [...held.values()] } };
      const update = [{ $set: { nextAttemptAt: inMs(claimMs) } }];
      await withDeadline(claimPatience, () => retries.updateMany(filter, update));
    },
    canHold: fitsIntoRow,
    async parkClaimed(parked) {
      const token = newToken();
      const row = await add(parked, claimMs, { by: workerId, token });
      return (row?.['claim'] as { token?: string } | undefined)?.token === token ? token : null;
    },
    async park(parked, waitMs) {
      const row = await add(parked, waitMs, null);
      news.give();
      return (row?.['nextAttemptAt'] as Date | undefined) ?? new Date(clock.now() + waitMs);
    },
    async beginAttempt(id, token, log) {
      const set = { ...literals(toLogFields(log)), nextAttemptAt: inMs(claimMs) };
      const filter = { _id: id, 'claim.token': token };
      const result = await persist(
        async (limit) =>
          await withDeadline(limit, () => retries.updateOne(filter, [{ $set: set }])),
      );
      return result.matchedCount === 1;
    },
    async release(id, token, update, waitMs) {
      const changed = update === null ? {} : literals(toRowUpdate(update));
      const pipeline = [
        { $set: { ...changed, nextAttemptAt: inMs(waitMs), released: token } },
        { $unset: 'claim' },
      ];
      const isOurs = [
        { 'claim.token': token },
        // Written before, though the answer was lost.
        { claim: { $exists: false }, released: token },
      ];
      const row = await persist(
        async (limit) =>
          await withDeadline(limit, () =>
            retries.findOneAndUpdate({ _id: id, $or: isOurs }, pipeline, {
              returnDocument: 'after',
              projection: { nextAttemptAt: 1 },
            }),
          ),
      );
      news.give();
      return row === null ? null : (row['nextAttemptAt'] as Date);
    },
    async dueEndpoints(soonMs) {
      return await findDueEndpoints(retries, soonMs, claimPatience);
    },
    async claimDue(endpointKey, except) {
      return await claims.add({ endpointKey, except });
    },
    async claimAcceptedBefore(before, limit, except) {
      const claim = newClaim();
      const rows = await claimOldRows(retries, { before, limit, except }, claim);
      const read = await Promise.all(rows.map(async (row) => await toClaimed(row, claim)));
      return read.filter((row) => row !== null);
    },
    async routeKeysOf(endpointKey) {
      return await findRouteKeys(retries, endpointKey, claimPatience);
    },
    async move(endpointKey, key, to) {
      await moveRows(retries, endpointKey, key, { to: endpointFields(to), limit: claimPatience });
    },
    async standing({ parked: { subject } }) {
      const { notificationId, smsKey, documentKey } = subject;
      const request = { notificationId, smsKey, documentKey, wants: 'document' } as const;
      const isOurs = { 'claim.token': { $gt: `${own}:`, $lt: `${own};` } };
      const sibling = {
        sms: smsKey,
        _id: { $ne: notificationId },
        $nor: [isOurs],
        ...isBeingCalled,
      };
      const [ended, claimed] = await persist(
        async (limit) =>
          await Promise.all([
            ledger.find([request], limit),
            withDeadline(limit, () => retries.findOne(sibling, { projection: { _id: 1 } })),
          ]),
      );
      const end = ended.get(smsKey)?.[0];
      // Only one that is told again on purpose is called although an end of it is remembered.
      const isAgain = subject.run !== undefined && subject.run !== end?.run;
      const hasEnded = end !== undefined && !isAgain;
      return { ended: hasEnded ? end : null, siblingClaimed: claimed !== null };
    },
  };
}

/** A claim that has not run out: its owner may be calling. */
const isBeingCalled: Document = {
  claim: { $exists: true },
  $expr: { $gt: ['$nextAttemptAt', '$$NOW'] },
};

/**
 * The update that adds a row, by upsert; one without `acceptedAt` is taken up now. One that is there is left as it is,
 * unless nobody has it and it knows of fewer attempts: then what has been learnt since must not be lost to it.
 */
export function insertion(row: RetryRow, dueInMs: number, claim: NewRow['claim']): Document[] {
  const fields = claim === null ? row : { ...row, claim };
  const times = { acceptedAt: '$$NOW', nextAttemptAt: inMs(dueInMs) };
  const given = 'acceptedAt' in row ? { nextAttemptAt: times.nextAttemptAt } : times;
  const fresh = { $mergeObjects: [{ $literal: fields }, given] };
  const isThere = { $eq: [{ $type: '$sms' }, 'string'] };
  const isClaimed = { $ne: [{ $type: '$claim' }, 'missing'] };
  const knowsAsMuch = { $gte: [{ $ifNull: ['$attempts', 0] }, row['attempts'] as number] };
  const isLeft = { $and: [isThere, { $or: [isClaimed, knowsAsMuch] }] };
  return [{ $replaceWith: { $cond: [isLeft, '$$ROOT', fresh] } }];
}

function literals(fields: Document): Document {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, { $literal: value as unknown }]),
  );
}
