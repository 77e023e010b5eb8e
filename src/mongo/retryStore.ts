import type { Document, Filter } from 'mongodb';
import type { ServerClock } from '../ports/notify.ts';
import type { NewRetry, RetryStore } from '../ports/retries.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { createBatcher } from '../runtime/batcher.ts';
import { isolate } from '../runtime/isolate.ts';
import type { Logger } from '../runtime/logger.ts';
import { createWakeUp } from '../runtime/wakeUp.ts';
import { createPatience, findAll, limits, tryToInsert, withDeadline, type Limit } from './calls.ts';
import { createClaims } from './claims.ts';
import {
  endOfWait,
  findAwaitedRoutes,
  findDueEndpoints,
  findRouteKeys,
  fixLateTimes,
  routeRows,
  rowsAwaiting,
} from './dueRetries.ts';
import { insistOrReport, passes } from './errors.ts';
import type { Ledger } from './ledger.ts';
import {
  endpointFields,
  fitsIntoRow,
  inMs,
  insertion,
  ordinaryRow,
  toLogFields,
  toRetryRow,
  toRowUpdate,
  type NewRow,
  type RetryRow,
  type RetryRows,
} from './retryRow.ts';
import { createRefusedRows, updateApart, writeApart } from './rowWrites.ts';
import { dateOf } from './storedRow.ts';

/** A row to be added unless it is there. */
interface Insertion {
  readonly row: NewRow;
  readonly dueInMs: number;
}

/** What is read of the row afterwards; null when it is gone again. */
type Inserted = Partial<Pick<RetryRow, 'claim' | 'nextAttemptAt'>> | null | 'refused';

/** How often rows are looked for that would never be due. */
const FIX_EVERY_MS = 10_000;
/** Bodies, as they are stored, and responses in one batch. */
const BATCH_BYTES = 8 * 1024 * 1024;

export function createRetryStore(options: {
  readonly retries: RetryRows;
  readonly ledger: Ledger;
  readonly clock: ServerClock;
  /** Written into claims, for people. */
  readonly workerId: string;
  /** How long a claim holds: an attempt's longest duration and the writes around it. */
  readonly claimMs: number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'rowUnreadable' | 'recordFailed'>;
  /** Aborted when the worker can't wait any longer for a write. */
  readonly signal: AbortSignal;
}): RetryStore {
  const { retries, ledger, clock, workerId, claimMs, logger, metrics, signal } = options;
  const claimPatience = createPatience(limits.claim);
  const changed = createWakeUp();
  let fixAt = -Infinity;

  /** The rows as they are afterwards, new or not. */
  const insertAll = async (all: readonly Insertion[]): Promise<readonly Inserted[]> => {
    const limit = createPatience(limits.write);
    const upserts = all.map(({ row, dueInMs }) => ({
      updateOne: { filter: { _id: row._id }, update: insertion(row, dueInMs), upsert: true },
    }));
    await withDeadline(limit, () => retries.bulkWrite(upserts, { ordered: false }));
    const those = { _id: { $in: all.map(({ row }) => row._id) } };
    const projection = { claim: 1, nextAttemptAt: 1 };
    const rows = await findAll(limit, retries, those, { projection });
    const written = new Map(rows.map((row) => [row['_id'] as string, row as Inserted]));
    return all.map(({ row }) => written.get(row._id) ?? null);
  };
  const tryToWrite = async (): Promise<void> =>
    await tryToInsert(retries, limits.write, await ordinaryRow());
  /** `refused`: the database will never do it for this notification, while it does it for others. */
  const insistOn = async <Result>(
    notificationId: string,
    operation: (limit: Limit) => Promise<Result>,
    probe: () => Promise<unknown> = tryToWrite,
  ): Promise<Result | 'refused'> => {
    const patience = createPatience(limits.write);
    const insisted = await insistOrReport(() => operation(patience), {
      ...{ what: 'retry', fields: { notificationId }, logger, metrics, signal, probe },
    });
    return insisted.kind === 'done' ? insisted.result : 'refused';
  };
  const insertAlone = async (each: Insertion): Promise<Inserted> => {
    const rows = await insistOn(each.row._id, () => insertAll([each]));
    return rows === 'refused' ? rows : (rows[0] ?? null);
  };
  const inserts = createBatcher<Insertion, Inserted>({
    maxSize: 100,
    weight: {
      atMost: BATCH_BYTES,
      of: ({ row }) => row.body.length() + row.logBytes,
    },
    // Nobody waits for it but the checkpoint, and each write makes the server sync its journal once more.
    lingerMs: 50,
    concurrency: 2,
    async run(rows) {
      const trying = { what: 'retry', signal, logger, passes };
      return await isolate(rows, insertAll, { ...trying, alone: insertAlone });
    },
  });
  const add = async (retry: NewRetry, dueInMs: number, claim: Pick<NewRow, 'claim'> = {}) =>
    await inserts.add({ row: { ...(await toRetryRow(retry)), ...claim }, dueInMs });

  const onDue = (): void => changed.wake();
  const refused = createRefusedRows({
    ...{ signal, logger, metrics, probe: tryToWrite, onWritten: onDue },
  });
  const write = async (rows: Filter<RetryRow>, update: Document[]): Promise<number> =>
    await updateApart(retries, rows, { update, limit: claimPatience, refused });
  const claims = createClaims({ ...options, patience: claimPatience, refused, onDue });
  return {
    changed,
    renewEveryMs: claimMs / 3,
    async renew(held) {
      const tokens = { 'claim.token': { $in: [...held.values()] } };
      const update = [{ $set: { nextAttemptAt: inMs(claimMs) } }];
      const renewSome = async (ids: readonly string[]): Promise<void> => {
        const rows = { _id: { $in: [...ids] }, ...tokens };
        await withDeadline(claimPatience, () => retries.updateMany(rows, update));
      };
      const refusals: string[] = [];
      await writeApart([...held.keys()], renewSome, (id) => refusals.push(id));
      // It goes on all the same: whoever claims it finds in the ledger how it has ended.
      if (refusals.length > 0) throw new Error(`the claim of ${refusals[0]} was not renewed`);
    },
    canHold: fitsIntoRow,
    async scheduleClaimed(retry) {
      const token = claims.newToken();
      const row = await add(retry, claimMs, { claim: { by: workerId, token } });
      if (row === 'refused') return row;
      return row?.claim?.token === token ? { token } : 'taken';
    },
    async schedule(retry, waitMs) {
      const row = await add(retry, waitMs);
      if (row === 'refused') return row;
      changed.wake();
      return dateOf(row?.nextAttemptAt) ?? new Date(clock.now() + waitMs);
    },
    async beginAttempt(id, token, log) {
      const set = { ...literals(toLogFields(log)), nextAttemptAt: inMs(claimMs) };
      const filter = { _id: id, 'claim.token': token };
      const result = await insistOn(
        id,
        async (limit) =>
          await withDeadline(limit, () => retries.updateOne(filter, [{ $set: set }])),
      );
      if (result === 'refused') return result;
      return result.matchedCount === 1 ? 'begun' : 'lost';
    },
    async release(id, token, update, waitMs) {
      const changes = update === null ? {} : literals(toRowUpdate(update));
      const pipeline = [
        { $set: { ...changes, nextAttemptAt: inMs(waitMs), released: token } },
        { $unset: 'claim' },
      ];
      const isOurs: Filter<RetryRow>[] = [
        { 'claim.token': token },
        // Written before, though the answer was lost.
        { claim: { $exists: false }, released: token },
      ];
      const row = await insistOn(
        id,
        async (limit) =>
          await withDeadline(limit, () =>
            retries.findOneAndUpdate({ _id: id, $or: isOurs }, pipeline, {
              returnDocument: 'after',
              projection: { nextAttemptAt: 1 },
            }),
          ),
      );
      if (row === 'refused') return row;
      changed.wake();
      return row === null ? 'lost' : row.nextAttemptAt;
    },
    async dueEndpoints(soonMs) {
      if (performance.now() >= fixAt) {
        fixAt = performance.now() + FIX_EVERY_MS;
        await fixLateTimes(retries, { limit: claimPatience, write });
      }
      return await findDueEndpoints(retries, soonMs, { limit: claimPatience, write });
    },
    claimDue: claims.due,
    claimAcceptedBefore: claims.acceptedBefore,
    async routeKeysOf(endpointKey) {
      return await findRouteKeys(retries, endpointKey, claimPatience);
    },
    async move(endpointKey, key, to) {
      await write(routeRows(endpointKey, key), [{ $set: literals(endpointFields(to)) }]);
    },
    async awaitedRoutes() {
      return await findAwaitedRoutes(retries, claimPatience);
    },
    async endWaitForRoute(key, to) {
      if ((await write(rowsAwaiting(key), endOfWait(to))) > 0) changed.wake();
    },
    async recheck({ retry: { subject } }) {
      const { notificationId, smsKey, documentKey } = subject;
      const request = { notificationId, smsKey, documentKey, wants: 'document' } as const;
      const sibling: Filter<RetryRow> = {
        sms: smsKey,
        _id: { $ne: notificationId },
        $nor: [{ 'claim.token': claims.own }],
        ...isBeingCalled,
      };
      const any = { projection: { _id: 1 }, limit: 1 };
      const found = await insistOn(
        notificationId,
        async (limit) =>
          await Promise.all([ledger.find([request], limit), findAll(limit, retries, sibling, any)]),
        async () => await ledger.find([]),
      );
      if (found === 'refused') return found;
      const [ended, claimed] = found;
      const end = ended.get(smsKey)?.[0];
      // Only one that is replayed on purpose is called although an end of it is remembered.
      const isReplayed = subject.run !== undefined && subject.run !== end?.run;
      const hasEnded = end !== undefined && !isReplayed;
      return { ended: hasEnded ? end : null, siblingClaimed: claimed.length > 0 };
    },
  };
}

/** A claim that has not run out: its owner may be calling. */
const isBeingCalled: Document = {
  claim: { $exists: true },
  $expr: { $gt: ['$nextAttemptAt', '$$NOW'] },
};

function literals(fields: object): Document {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, { $literal: value }]),
  );
}
