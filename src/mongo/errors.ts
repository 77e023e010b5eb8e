import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
  type WriteError,
} from 'mongodb';
import type { Metrics } from '../ports/telemetry.ts';
import { insist, type Insisted } from '../runtime/isolate.ts';
import type { Logger } from '../runtime/logger.ts';
import { NoAnswerInTime } from './calls.ts';

/** Server error codes the worker treats by name. https://www.mongodb.com/docs/manual/reference/error-codes/ */
export const codes = {
  badValue: 2,
  failedToParse: 9,
  userNotFound: 11,
  unauthorized: 13,
  authenticationFailed: 18,
  namespaceNotFound: 26,
  immutableField: 66,
  documentValidationFailure: 121,
  cappedPositionLost: 136,
  commandNotSupportedOnView: 166,
  conversionFailure: 241,
  invalidResumeToken: 260,
  changeStreamFatalError: 280,
  changeStreamHistoryLost: 286,
  mechanismUnavailable: 334,
  bsonObjectTooLarge: 10334,
  atlasError: 8000,
  duplicateKey: 11000,
  databaseDifferCase: 13297,
  stringTooLong: 16493,
  objectTooLargeAfterUpdate: 17419,
  changeStreamNeedsReplicaSet: 40573,
  badResumeToken: 40647,
  emptyResumeToken: 40649,
} as const;

/** The server's code, or undefined for trouble on the way to it. */
export function serverCode(error: unknown): number | undefined {
  if (error instanceof MongoServerError && typeof error.code === 'number') return error.code;
  return undefined;
}

/** A short stable name for logs and metric labels: the server's code, else the driver's error class. */
export function causeOf(error: unknown): string {
  const code = serverCode(error);
  if (code !== undefined) return String(code);
  if (error instanceof MongoError) return error.name;
  return error instanceof Error ? error.name : 'unknown';
}

/**
 * Server codes that say nothing of what was asked, with the reason why they pass. By the categories of the server's
 * `error_codes.yml` (RetriableError, NotPrimaryError, ShutdownError, Interruption, NetworkError,
 * ExceededTimeLimitError), and what an administrator or an operator revokes.
 */
const passingCodes: ReadonlySet<number> = new Set([
  // The way to another member, and its absence.
  ...[6, 7, 70, 71, 74, 89, 133, 202, 317, 384, 9001],
  // No primary, or no more; a member that starts, stops or rolls back.
  ...[91, 95, 109, 189, 10058, 10107, 11600, 11602, 13435, 13436],
  // Routing that a migration has changed; the router finds out and asks again.
  ...[63, 150, 234, 249, 250, 13388],
  // Time and room: limits of time, locks, conflicts, memory, kills, overload, a disk that is full.
  ...[
    24, 43, 46, 50, 112, 117, 134, 146, 175, 237, 246, 262, 264, 290, 371, 402, 462, 11601, 14031,
  ],
  // Work in the background that is in the way: an index being built, a collection being dropped.
  ...[215, 12586, 12587],
  // A write that no majority has acknowledged yet.
  ...[64, 79, 100],
  // Rights and credentials: an administrator who revokes them restores them.
  ...[11, 13, 18, 31, 334, 391, 8000],
]);

const passingLabels = [
  'RetryableWriteError',
  'TransientTransactionError',
  'ResumableChangeStreamError',
  'RetryableError',
  'SystemOverloadedError',
  'PoolRequestedRetry',
] as const;

/** Of the driver, by name, as it exports none of them or only some. */
const passingNames: ReadonlySet<string> = new Set([
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoPoolClosedError',
  'MongoPoolClearedError',
  'MongoWaitQueueTimeoutError',
  'MongoClientClosedError',
  'MongoExpiredSessionError',
  'MongoOperationTimeoutError',
  'MongoCursorExhaustedError',
  'MongoCursorInUseError',
]);

/**
 * Whether an error is known to pass whatever was asked: then it is worth asking again for ever, and no item is to
 * blame. Anything else may be due to one item of a batch.
 */
export function passes(error: Error): boolean {
  if (error instanceof NoAnswerInTime) return true;
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true;
  if (error instanceof MongoBulkWriteError) return bulkPasses(error);
  if (error instanceof MongoServerError) return serverErrorPasses(error);
  return passingNames.has(error.name);
}

function serverErrorPasses(error: MongoServerError): boolean {
  if (error instanceof MongoWriteConcernError) return true;
  if (passingLabels.some((label) => error.hasErrorLabel(label))) return true;
  return typeof error.code === 'number' && passingCodes.has(error.code);
}

/** One item's passing trouble is enough: the others are done, or fail again by themselves. */
function bulkPasses(error: MongoBulkWriteError): boolean {
  if (error.result.getWriteConcernError() !== undefined) return true;
  const failures = writeErrorsOf(error);
  if (failures.length === 0) return serverErrorPasses(error);
  return failures.some(({ code }) => code !== undefined && passingCodes.has(code));
}

/** What an unordered bulk did although some of its items failed. */
export interface PartlyDone {
  /** The indexes of the items that failed. */
  readonly failed: ReadonlySet<number>;
  /** How many of the others matched a document. */
  readonly matchedCount: number;
}

/**
 * Reads the failure of an unordered bulk in which every failed item failed by a code the caller expects.
 * Rethrows when anything else went wrong, write concern included: then nothing is known to be done.
 */
export function expectedFailures(
  error: unknown,
  isExpected: (code: number | undefined) => boolean,
): PartlyDone {
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const failures = writeErrorsOf(error);
  const allExpected =
    failures.length > 0 &&
    error.result.getWriteConcernError() === undefined &&
    failures.every((failure) => isExpected(failure.code));
  if (!allExpected) throw error;
  const failed = new Set(failures.map((failure) => failure.index));
  return { failed, matchedCount: error.matchedCount };
}

function writeErrorsOf({ writeErrors }: MongoBulkWriteError): readonly WriteError[] {
  return [writeErrors].flat();
}

/** As `insist`; what is refused for good is counted, and logged with these fields. */
export async function insistOrReport<Result>(
  operation: () => Promise<Result>,
  options: {
    /** The same, done for nothing at all. */
    probe(): Promise<unknown>;
    readonly what: string;
    readonly fields: Readonly<Record<string, unknown>>;
    readonly logger: Logger;
    readonly metrics: Pick<Metrics, 'recordFailed'>;
    readonly signal: AbortSignal;
  },
): Promise<Insisted<Result>> {
  const { what, fields, logger, metrics } = options;
  const insisted = await insist(operation, { ...options, passes });
  if (insisted.kind === 'refused') {
    const { error } = insisted;
    const code = causeOf(error);
    metrics.recordFailed(code);
    logger.error('record_failed', { ...fields, code, what, error });
  }
  return insisted;
}
