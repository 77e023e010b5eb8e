import { randomUUID } from 'node:crypto';
import {
  Long,
  type AbstractCursor,
  type AggregateOptions,
  type Collection,
  type Document,
  type Filter,
  type FindOptions,
} from 'mongodb';
import { toError } from '../runtime/errors.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';

/**
 * How long one call may take, in ms. Two figures: at first, and at most when it is made again because it took too
 * long, so that a server that is merely slow is waited for in the end.
 */
export const limits = {
  /** Only asks for an answer. */
  ping: [2_000, 2_000],
  /** Includes finding a server, which the URI may give half a minute. */
  connection: [40_000, 40_000],
  /** For a figure that is shown. */
  gauge: [4_000, 4_000],
  /** Statuses wait for it. */
  lookUp: [10_000, 60_000],
  /** Slots wait for it. */
  claim: [5_000, 60_000],
  /** Outcomes, retries, checkpoints. Each waits for a majority of the members. */
  write: [10_000, 60_000],
  /** Whatever is asked once, at the start or by an operator. */
  question: [20_000, 60_000],
  /** Goes through some thousand documents that may have to come from a slow disk. */
  page: [60_000, 240_000],
  /** One read of the change stream in a span of the oplog, or in all of it behind a mongos. */
  scan: [60_000, 3_600_000],
  /** Goes through all documents. */
  count: [70_000, 70_000],
  /** Building an index reads a whole collection. After the deadline the server goes on. */
  index: [240_000, 240_000],
  /** The end of something, which must not keep anybody waiting. */
  ending: [2_000, 2_000],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

/** How long calls of one kind may take now. */
export interface Patience {
  limitMs(): number;
  /** A call has not ended within that time. */
  exceeded(limitMs: number): void;
  /** A call has ended after that time. */
  kept(tookMs: number): void;
}

/** Each call that takes too long doubles the limit; one within the first figure resets it. */
export function createPatience([firstMs, mostMs]: readonly [number, number]): Patience {
  let nowMs = firstMs;
  return {
    limitMs: () => nowMs,
    exceeded(limitMs) {
      nowMs = Math.min(mostMs, Math.max(nowMs, 2 * limitMs));
    },
    kept(tookMs) {
      if (tookMs <= firstMs) nowMs = firstMs;
    },
  };
}

/** What limits a call: figures of `limits`, or a patience for calls that are repeated. */
export type Limit = readonly [number, number] | Patience;

/** MongoDB has not answered in time. The next call may succeed: it goes over another connection. */
export class NoAnswerInTime extends Error {
  override readonly name = 'NoAnswerInTime';
  constructor(limitMs: number) {
    super(`MongoDB has not answered within ${limitMs / 1_000} s`);
  }
}

/**
 * Makes one call to the database, the only way in which one may be made: it rejects when there is no answer in time,
 * with errors that may be logged. An abandoned call may still be carried out, so it must be safe to do late and twice.
 * The driver has no such limit: its `timeoutMS` does nothing (7.9.0), and without a socket timeout it waits on a dead
 * connection for as long as TCP does. The connection of an abandoned call stays out of the pool.
 */
export function withDeadline<Result>(limit: Limit, call: () => Promise<Result>): Promise<Result> {
  const patience = 'limitMs' in limit ? limit : null;
  const limitMs = 'limitMs' in limit ? limit.limitMs() : limit[0];
  // One promise per call, of which each status makes several; a race took five.
  return new Promise((resolve, reject) => {
    const begunAt = performance.now();
    const timer = setTimeout(() => {
      patience?.exceeded(limitMs);
      reject(new NoAnswerInTime(limitMs));
    }, limitMs);
    const failed = (thrown: unknown): void => {
      clearTimeout(timer);
      redact(thrown);
      reject(toError(thrown));
    };
    const answered = (result: Result): void => {
      clearTimeout(timer);
      patience?.kept(performance.now() - begunAt);
      resolve(result);
    };
    try {
      call().then(answered, failed);
    } catch (thrown) {
      failed(thrown);
    }
  });
}

/**
 * Removes from an error, before it is logged, what the server quotes in it: the whole command that it refuses for a
 * missing right, with a webhook's response or hundreds of ids, and the beginning of a document that is too large.
 */
export function redact(error: unknown): void {
  if (!(error instanceof Error)) return;
  const { message, stack } = error;
  error.message = message
    .replace(/ to execute command \{.*\}/s, ' to execute a command')
    .replace(/ First element: .*/s, '');
  // It begins with the message.
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
}

/** `keys` are as for `decodeAll`. */
interface Decoding {
  readonly keys?: readonly string[];
}

/** All that a query finds. */
export async function findAll<Row extends Document>(
  limit: Limit,
  rows: Collection<Row>,
  filter: Filter<Row>,
  { keys, ...options }: FindOptions & Decoding = {},
): Promise<Document[]> {
  const inBytes = { ...options, ...asBytes };
  return decodeAll(await withDeadline(limit, () => rows.find(filter, inBytes).toArray()), keys);
}

/** The same of an aggregation. */
export async function aggregateAll<Row extends Document>(
  limit: Limit,
  rows: Collection<Row>,
  stages: Document[],
  { keys, ...options }: AggregateOptions & Decoding = {},
): Promise<Document[]> {
  const inBytes = { ...options, ...asBytes };
  return decodeAll(
    await withDeadline(limit, () => rows.aggregate(stages, inBytes).toArray()),
    keys,
  );
}

/** More documents than one answer can hold: a full batch would leave the server's cursor open. */
export const FULL_BATCH = 100_000;

export interface Answer {
  /** One at least, if there are any. */
  readonly documents: readonly Document[];
  /** There are no others. */
  readonly isAll: boolean;
}

/**
 * What the server's first answer holds, which is 16 MB at most: all that is asked for, or as much of it as may be
 * held in memory. The cursor must let so many into one answer, as bytes (`asBytes`), and is at its end then.
 */
export async function readAnswer(cursor: AbstractCursor<Document>, limit: Limit): Promise<Answer> {
  const hasAny = await withDeadline(limit, () => cursor.hasNext());
  const documents = hasAny ? decodeAll(cursor.readBufferedDocuments()) : [];
  const isAll = cursor.id?.isZero() ?? true;
  if (!isAll) withDeadline(limits.ending, () => cursor.close()).catch(() => undefined);
  return { documents, isAll };
}

/**
 * Like `readAnswer`, for an aggregation as a plain command. The driver's cursor takes 100 µs more CPU time and 0.3 ms
 * longer (measured at 200 a second).
 */
export async function aggregateOnce<Row extends Document>(
  limit: Limit,
  { db, collectionName }: Collection<Row>,
  pipeline: readonly Document[],
): Promise<Answer> {
  const command = { aggregate: collectionName, pipeline, cursor: { batchSize: FULL_BATCH } };
  const level = db.readConcern?.level ?? 'majority';
  const answer = await withDeadline(limit, () =>
    db.command({ ...command, readConcern: { level } }, { fieldsAsRaw: { firstBatch: true } }),
  );
  const { id, firstBatch } = answer['cursor'] as { id: unknown; firstBatch: unknown[] };
  const isAll = String(id) === '0';
  if (!isAll) {
    const kill = { killCursors: collectionName, cursors: [Long.fromString(String(id))] };
    withDeadline(limits.ending, () => db.command(kill)).catch(() => undefined);
  }
  return { documents: decodeAll(firstBatch), isAll };
}

/** Rejects when no row with these fields can be added now; adds none. */
export async function tryToInsert<Row extends Document>(
  rows: Collection<Row>,
  limit: Limit,
  fields: Document = {},
): Promise<void> {
  const session = rows.db.client.startSession();
  session.startTransaction();
  try {
    const row = { ...fields, _id: `probe ${randomUUID()}` };
    await withDeadline(limit, () => rows.insertOne(row as never, { session }));
  } finally {
    // Aborts the transaction.
    await withDeadline(limits.ending, () => session.endSession()).catch(() => undefined);
  }
}
