import { MinKey, MongoBulkWriteError, type AnyBulkWriteOperation, type Document } from 'mongodb';
import type { Partitioning, Placement } from '../ports/partitioning.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import {
  aggregateAll,
  createPatience,
  findAll,
  limits,
  tryToInsert,
  withDeadline,
} from './calls.ts';
import { passes } from './errors.ts';
import { ordinaryRow, type RetryRow, type RetryRows } from './retryRow.ts';
import { createRefusedRows, writeApart } from './rowWrites.ts';
import type { ReportUnreadable } from './storedRow.ts';
import { equalTo, exactText } from './storedValue.ts';
import type { FindKeyHashes } from './wholeKeys.ts';

/** Rows that are placed at once. */
const STRAY_AT_MOST = 500;
const ANEW_AT_MOST = 1_000;

/** The largest hash of 31 bits. */
const LARGEST_HASH = 0x7f_ff_ff_ff;

export function createPlacement(options: {
  readonly retries: RetryRows;
  readonly partitioning: Pick<Partitioning, 'count' | 'keyHashOf'>;
  /** By the documents, for keys that are not known well enough without. */
  readonly findKeyHashes: FindKeyHashes;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordFailed'>;
  readonly unreadable: ReportUnreadable;
  /** Aborted when this worker is to place no more. */
  readonly signal: AbortSignal;
}): Placement {
  const { retries, partitioning, findKeyHashes, logger, metrics, unreadable, signal } = options;
  const patience = createPatience(limits.write);
  const probe = async (): Promise<void> =>
    await tryToInsert(retries, limits.write, await ordinaryRow());
  const refused = createRefusedRows({
    ...{ signal, logger, metrics, probe, onWritten: () => undefined },
  });

  /** What rows have for a partition and is none. Reads one index entry for each (a DISTINCT_SCAN). */
  const findStrayValues = async (): Promise<readonly unknown[]> => {
    const count = partitioning.count();
    const stages = [{ $sort: { partition: 1 } }, { $group: { _id: '$partition' } }];
    const found = await aggregateAll(patience, retries, stages);
    return found.map((each): unknown => each['_id']).filter((value) => !isPartition(value, count));
  };
  const findStray = async (value: unknown, limit: number): Promise<readonly Document[]> => {
    const rows = { partition: equalTo(value), _id: { $nin: [...refused.ids] } };
    const fields = { projection: { _id: 1, documentKey: 1 }, keys: ['documentKey'] };
    return await findAll(patience, retries, rows as never, { ...fields, limit });
  };
  const hashesOf = async (rows: readonly Document[]): Promise<readonly Found[]> => {
    const keys = rows.map((row): unknown => row['documentKey']);
    const hashes = keys.map((opaque) => partitioning.keyHashOf({ opaque }));
    const unknown = keys.filter((_, index) => hashes[index] === null);
    if (unknown.length === 0) return hashes;
    const found = await findApart(unknown, findKeyHashes, signal);
    let next = 0;
    return hashes.map((hash) => hash ?? found[next++] ?? null);
  };
  /** A row whose SMS is not known, or gone, is in the first partition, and stays there. */
  const toUpdate = (
    row: Document,
    value: unknown,
    keyHash: Found,
  ): AnyBulkWriteOperation<RetryRow> => {
    const _id: unknown = row['_id'];
    const isKnown = typeof keyHash === 'number';
    if (!isKnown) {
      const problem =
        keyHash === null
          ? 'documentKey names no SMS of the topic'
          : `documentKey can't be looked for: ${keyHash.message}`;
      const advice = 'the worker that has partition 0 serves it; nothing needs to be done';
      unreadable({ collection: retries.collectionName, id: _id, problem, advice });
    }
    const update = isKnown
      ? { $set: { partition: keyHash % partitioning.count(), keyHash } }
      : { $set: { partition: 0 }, $unset: { keyHash: 1 } };
    const filter = { _id, partition: equalTo(value) };
    return { updateOne: { filter, update } } as AnyBulkWriteOperation<RetryRow>;
  };

  return {
    async placeStray() {
      const updates = new Map<string, AnyBulkWriteOperation<RetryRow>>();
      const ids: unknown[] = [];
      for (const value of await findStrayValues()) {
        const left = STRAY_AT_MOST - ids.length;
        if (left === 0) break;
        const rows = await findStray(value, left);
        const hashes = await hashesOf(rows);
        for (const [index, row] of rows.entries()) {
          ids.push(row['_id']);
          updates.set(exactText(row['_id']), toUpdate(row, value, hashes[index] ?? null));
        }
      }
      if (ids.length === 0) return { placed: 0, isAll: true };
      let placed = 0;
      const place = async (some: readonly string[]): Promise<void> => {
        const operations = some.flatMap((id) => updates.get(exactText(id)) ?? []);
        try {
          const { modifiedCount } = await withDeadline(patience, () =>
            retries.bulkWrite(operations, { ordered: false }),
          );
          placed += modifiedCount;
        } catch (error) {
          // The others are written.
          if (error instanceof MongoBulkWriteError) placed += error.modifiedCount;
          throw error;
        }
      };
      await writeApart(ids as string[], place, refused.refuse);
      // Where none could be placed, others are not tried at once.
      return { placed, isAll: ids.length < STRAY_AT_MOST || placed === 0 };
    },
    async placeAnew(upTo) {
      const min = { _id: (upTo?.from ?? new MinKey()) as string };
      // By bounds of the index: a comparison would see ids of one type only.
      const byId = { hint: { _id: 1 }, sort: { _id: 1 }, min, projection: { _id: 1 } } as const;
      const found = await findAll(patience, retries, {}, { ...byId, limit: ANEW_AT_MOST + 1 });
      const ids = found.map(({ _id }) => _id as string);
      const next = ids.at(ANEW_AT_MOST);
      const count = partitioning.count();
      const partition = { $mod: ['$keyHash', count] };
      const isElsewhere = { $and: [isHash, { $ne: ['$partition', partition] }] };
      const move = async (some: readonly string[]): Promise<void> => {
        await withDeadline(patience, () =>
          retries.updateMany({ _id: { $in: [...some] }, $expr: isElsewhere }, [
            { $set: { partition } },
          ]),
        );
      };
      const here = ids.slice(0, ANEW_AT_MOST);
      if (here.length > 0) await writeApart(here, move, refused.refuse);
      return { next: next === undefined ? null : { from: next } };
    },
  };
}

/** The hash of a row's key; null where there is no such SMS, an error where it can't be looked for. */
type Found = number | null | Error;

/** As many times in a row the database must refuse a key, and look for another one each time. */
const TRIES = 3;

/**
 * Has an error for a document key that the server refuses to look for, while it looks for others. Rejects where the
 * database answers for none, and at a stop.
 */
async function findApart(
  documentKeys: readonly unknown[],
  find: FindKeyHashes,
  stopping: AbortSignal,
): Promise<readonly Found[]> {
  stopping.throwIfAborted();
  try {
    return await find(documentKeys);
  } catch (thrown) {
    const error = toError(thrown);
    if (passes(error)) throw error;
    if (documentKeys.length === 1) return [await findAlone(documentKeys, find, error)];
    const middle = Math.ceil(documentKeys.length / 2);
    const first = await findApart(documentKeys.slice(0, middle), find, stopping);
    return [...first, ...(await findApart(documentKeys.slice(middle), find, stopping))];
  }
}

async function findAlone(
  documentKey: readonly unknown[],
  find: FindKeyHashes,
  refusal: Error,
): Promise<Found> {
  let error = refusal;
  for (let tries = 1; ; tries += 1) {
    await find([ordinaryKey]);
    if (tries === TRIES) return error;
    try {
      const [found = null] = await find(documentKey);
      return found;
    } catch (thrown) {
      error = toError(thrown);
      if (passes(error)) throw error;
    }
  }
}

const ordinaryKey: Document = { _id: '' };

function isPartition(value: unknown, count: number): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < count;
}

/** No other value has a remainder that is a partition. */
const isHash: Document = {
  $and: [
    { $isNumber: '$keyHash' },
    { $gte: ['$keyHash', 0] },
    { $lte: ['$keyHash', LARGEST_HASH] },
    { $eq: ['$keyHash', { $trunc: ['$keyHash'] }] },
  ],
};
