import type { Document, Filter } from 'mongodb';
import type { IdSet } from '../ports/retries.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { findAll, withDeadline, type Limit } from './calls.ts';
import { codes, expectedFailures, insistOrReport, passes } from './errors.ts';
import type { RetryRow, RetryRows } from './retryRow.ts';
import { exactText } from './storedValue.ts';

/** Is given a row that failed by itself, by an error that is not known to pass, and how to try again. */
export type Refuse = (id: string, operation: () => Promise<unknown>) => void;

/**
 * Writes rows together. A server stops at the first one that it refuses, so then they are halved until that one stands
 * alone: the others are written all the same. Rejects with errors that are known to pass.
 */
export async function writeApart(
  ids: readonly string[],
  write: (ids: readonly string[]) => Promise<unknown>,
  refuse: Refuse,
): Promise<void> {
  try {
    await write(ids);
  } catch (thrown) {
    const error = toError(thrown);
    if (passes(error)) throw error;
    const [only] = ids;
    if (ids.length === 1) {
      refuse(only as string, async () => await write(ids));
      return;
    }
    const middle = Math.ceil(ids.length / 2);
    await writeApart(ids.slice(0, middle), write, refuse);
    await writeApart(ids.slice(middle), write, refuse);
  }
}

/**
 * Adds these rows, except those that already exist, and returns the indexes of those. Costs a quarter of `insertion`.
 */
export async function insertNew(
  retries: RetryRows,
  rows: readonly RetryRow[],
  limit: Limit,
): Promise<ReadonlySet<number>> {
  try {
    await withDeadline(limit, () => retries.insertMany([...rows], { ordered: false }));
    return new Set();
  } catch (error) {
    return expectedFailures(error, (code) => code === codes.duplicateKey).failed;
  }
}

/** Rows written one by one, after the server has refused to write them together. */
const APART_AT_MOST = 1_000;

/** Updates all of these rows but those that the server refuses; how many. */
export async function updateApart(
  retries: RetryRows,
  rows: Filter<RetryRow>,
  { update, limit, refused }: Readonly<{ update: Document[]; limit: Limit; refused: RefusedRows }>,
): Promise<number> {
  const writeThose = async (those: Filter<RetryRow>): Promise<number> =>
    (await withDeadline(limit, () => retries.updateMany(those, update))).modifiedCount;
  const { ids } = refused;
  const others = ids.length === 0 ? rows : { $and: [rows, { _id: { $nin: [...ids] } }] };
  try {
    return await writeThose(others);
  } catch (thrown) {
    const error = toError(thrown);
    if (passes(error)) throw error;
    const onlyIds = { projection: { _id: 1 }, limit: APART_AT_MOST };
    const found = await findAll(limit, retries, others, onlyIds);
    const names = found.map(({ _id }) => _id as string);
    let written = 0;
    const write = async (some: readonly string[]): Promise<void> => {
      written += await writeThose({ $and: [rows, { _id: { $in: [...some] } }] });
    };
    await writeApart(names, write, refused.refuse);
    return written;
  }
}

/** Rows that the server refuses to write, for a while: no other row waits for them. */
export interface RefusedRows extends IdSet {
  readonly ids: readonly string[];
  /** From now on, until it is written after all or a minute after it has shown that it never will be. */
  readonly refuse: Refuse;
}

/** What is forgotten is refused, and reported, once more. */
const KEPT_MS = 60_000;
const KEPT_AT_MOST = 1_000;

export function createRefusedRows(options: {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordFailed'>;
  /** The same as is refused, done for nothing at all. */
  readonly probe: () => Promise<unknown>;
  /** It was not the row's fault, and it has been written by now. */
  onWritten(id: string): void;
}): RefusedRows {
  /** Until when, by the steady clock, by their exact ids. */
  const refused = new Map<string, Readonly<{ id: string; until: number }>>();
  const has = (id: string): boolean => {
    if (refused.size === 0) return false;
    const key = exactText(id);
    const row = refused.get(key);
    if (row === undefined || row.until > performance.now()) return row !== undefined;
    refused.delete(key);
    return false;
  };
  const insistOn = async (id: string, operation: () => Promise<unknown>): Promise<void> => {
    const fields = { notificationId: id };
    const { kind } = await insistOrReport(operation, { ...options, what: 'retry', fields });
    if (kind === 'refused') {
      refused.set(exactText(id), { id, until: performance.now() + KEPT_MS });
      return;
    }
    refused.delete(exactText(id));
    options.onWritten(id);
  };
  return {
    has,
    get ids() {
      return [...refused.values()].map(({ id }) => id).filter(has);
    },
    refuse(id, operation) {
      if (has(id)) return;
      const [oldest] = refused.keys();
      if (oldest !== undefined && refused.size >= KEPT_AT_MOST) refused.delete(oldest);
      refused.set(exactText(id), { id, until: Infinity });
      insistOn(id, operation).catch(() => refused.delete(exactText(id)));
    },
  };
}
