import type { Document, Filter } from 'mongodb';
import type { ServerClock } from '../ports/notify.ts';
import type { Partitioning } from '../ports/partitioning.ts';
import type { ClaimedRetry, NewRetry, Recheck, RetryStore } from '../ports/retries.ts';
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
import { fitsIntoRow } from './frozenBody.ts';
import { attemptBegun, literals, released, writeHeld, type HeldWrite } from './heldRows.ts';
import type { Ledger } from './ledger.ts';
import { recheckRows } from './recheckRows.ts';
import {
  endpointFields,
  inMs,
  insertion,
  ordinaryRow,
  toRetryRow,
  type NewRow,
  type RetryRow,
  type RetryRows,
} from './retryRow.ts';
import { stampOf, type Partitions } from './rowPartitions.ts';
import { createRefusedRows, insertNew, updateApart, writeApart } from './rowWrites.ts';
import { dateOf } from './storedRow.ts';

/** A row to be added unless it is there. */
interface Insertion {
  readonly row: NewRow;
  readonly dueInMs: number;
}

/** What is read of the row afterwards; null when it is gone again. */
type Inserted = Partial<Pick<RetryRow, 'claim' | 'nextAttemptAt'>> | null | 'refused';

/** When the row is due, or its claim expires; null if another owner has it. */
type Written = Date | null | 'refused';

/** How often rows are looked for that would never be due. */
const FIX_EVERY_MS = 10_000;
/** Bodies, as they are stored, and responses in one batch. */
const BATCH_BYTES = 8 * 1024 * 1024;

export function createRetryStore(options: {
  readonly retries: RetryRows;
  readonly ledger: Ledger;
  readonly clock: ServerClock;
  /** By which rows are shared out among workers; absent where one worker serves all of them. */
  readonly partitioning?: Partitioning | undefined;
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
  const { partitioning } = options;
  const partitions = (): Partitions =>
    partitioning === undefined ? null : [...partitioning.held()];
  const claimPatience = createPatience(limits.claim);
  const changed = createWakeUp();
  let fixAt = -Infinity;

  const upsertAll = async (
    all: readonly Insertion[],
    limit: Limit,
  ): Promise<readonly Inserted[]> => {
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
  /** The rows as stored afterwards, new or not. Nearly all are new. */
  const insertAll = async (
    all: readonly Insertion[],
    limit: Limit,
  ): Promise<readonly Inserted[]> => {
    const now = Math.floor(clock.now());
    const rows = all.map(({ row, dueInMs }) => ({
      acceptedAt: new Date(now),
      ...row,
      nextAttemptAt: new Date(now + dueInMs),
    }));
    const thereBefore = await insertNew(retries, rows, limit);
    if (thereBefore.size === 0) return rows;
    const others = [...thereBefore];
    const found = await upsertAll(
      others.map((index) => all[index] as Insertion),
      limit,
    );
    return rows.map((row, index) => found[others.indexOf(index)] ?? row);
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
  /** Handles all items at once where possible; `alone` handles each of the others. */
  const together = async <Item, Result>(
    items: readonly Item[],
    all: (items: readonly Item[], limit: Limit) => Promise<readonly Result[]>,
    alone: (item: Item) => Promise<Result>,
  ): Promise<readonly (Result | Promise<Result>)[]> => {
    const limit = createPatience(limits.write);
    const trying = { what: 'retry', signal, logger, passes, alone };
    return await isolate(items, (some) => all(some, limit), trying);
  };
  const insertAlone = async (each: Insertion): Promise<Inserted> => {
    const rows = await insistOn(each.row._id, (limit) => upsertAll([each], limit));
    return rows === 'refused' ? rows : (rows[0] ?? null);
  };
  const inserts = createBatcher<Insertion, Inserted>({
    maxSize: 200,
    weight: { atMost: BATCH_BYTES, of: ({ row }) => row.body.length() + row.logBytes },
    // Nobody waits for it but the checkpoint, and each write makes the server sync its journal once more.
    lingerMs: 50,
    concurrency: 2,
    run: (rows) => together(rows, insertAll, insertAlone),
  });
  const add = async (retry: NewRetry, dueInMs: number, claim: Pick<NewRow, 'claim'> = {}) => {
    const { documentKey } = retry.subject;
    const stamp = partitioning === undefined ? {} : stampOf(documentKey, partitioning);
    const row = { ...(await toRetryRow(retry)), ...stamp, ...claim };
    return await inserts.add({ row, dueInMs });
  };

  const writes = createBatcher<HeldWrite, Written>({
    maxSize: 200,
    weight: { atMost: BATCH_BYTES, of: ({ logBytes }) => logBytes },
    lingerMs: 5,
    concurrency: 2,
    async run(all) {
      const write = async (some: readonly HeldWrite[], limit: Limit): Promise<readonly Written[]> =>
        await writeHeld(retries, some, limit);
      return await together(all, write, async (each) => {
        const alone = await insistOn(each.id, (limit) => writeHeld(retries, [each], limit));
        return alone === 'refused' ? alone : (alone[0] ?? null);
      });
    },
  });

  const onDue = (): void => changed.wake();
  const refused = createRefusedRows({
    ...{ signal, logger, metrics, probe: tryToWrite, onWritten: onDue },
  });
  const write = async (rows: Filter<RetryRow>, update: Document[]): Promise<number> =>
    await updateApart(retries, rows, { update, limit: claimPatience, refused });
  const claims = createClaims({
    ...{ ...options, partitions, patience: claimPatience, refused, onDue },
  });
  const recheckAll = async (
    claimed: readonly ClaimedRetry[],
    limit: Limit,
  ): Promise<readonly (Recheck | 'refused')[]> =>
    await recheckRows(claimed, { retries, ledger, ownTokens: claims.own, limit });
  const rechecks = createBatcher<ClaimedRetry, Recheck | 'refused'>({
    maxSize: 200,
    lingerMs: 0,
    concurrency: 2,
    run: (all) =>
      together(all, recheckAll, async (each) => {
        const { notificationId } = each.retry.subject;
        const probe = async (): Promise<unknown> => await ledger.find([]);
        const alone = await insistOn(notificationId, (limit) => recheckAll([each], limit), probe);
        return alone === 'refused' ? alone : (alone[0] ?? 'refused');
      }),
  });
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
      const written = await writes.add(attemptBegun({ id, token }, log, claimMs));
      if (written === 'refused') return written;
      return written === null ? 'lost' : 'begun';
    },
    async release(id, token, update, waitMs) {
      const written = await writes.add(released({ id, token }, update, waitMs));
      if (written === 'refused') return written;
      changed.wake();
      return written ?? 'lost';
    },
    async dueEndpoints(soonMs) {
      if (performance.now() >= fixAt) {
        fixAt = performance.now() + FIX_EVERY_MS;
        await fixLateTimes(retries, { limit: claimPatience, write });
      }
      const held = partitions();
      if (held?.length === 0) return { keys: [], nextInMs: null };
      const search = { partitions: held, limit: claimPatience, write };
      return await findDueEndpoints(retries, soonMs, search);
    },
    claimDue: claims.due,
    claimAcceptedBefore: claims.acceptedBefore,
    async routeKeysOf(endpointKey) {
      const search = { partitions: partitions(), limit: claimPatience };
      return await findRouteKeys(retries, endpointKey, search);
    },
    async move(endpointKey, key, to) {
      await write(routeRows(endpointKey, key), [{ $set: literals(endpointFields(to)) }]);
    },
    async awaitedRoutes() {
      return await findAwaitedRoutes(retries, { partitions: partitions(), limit: claimPatience });
    },
    async endWaitForRoute(key, to) {
      if ((await write(rowsAwaiting(key), endOfWait(to))) > 0) changed.wake();
    },
    recheck: (claimed) => rechecks.add(claimed),
  };
}
