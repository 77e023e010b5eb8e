import {
  MongoBulkWriteError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb';
import { NoAnswerInTime } from './calls.ts';

/**
 * Server codes that say nothing of what was asked, with the reason why they pass. By the categories of the server's
 * `error_codes.yml` (RetriableError, NotPrimaryError, ShutdownError, Interruption, NetworkError,
 * ExceededTimeLimitError), and what an administrator or an operator takes back.
 */
const passingCodes: ReadonlySet<number> = new Set([
  // The way to another member, and its absence.
  ...[6, 7, 70, 71, 74, 89, 133, 202, 317, 384, 9001],
  // No primary, or no more; a member that starts, stops or rolls back.
  ...[91, 95, 109, 189, 10058, 10107, 11600, 11602, 13435, 13436],
  // Routing that a migration has changed; the router finds out and asks anew.
  ...[63, 150, 234, 249, 250, 13388],
  // Time and room: limits of time, locks, conflicts, memory, kills, overload, a disk that is full.
  ...[
    24, 43, 46, 50, 112, 117, 134, 146, 175, 237, 246, 262, 264, 290, 371, 402, 462, 11601, 14031,
  ],
  // Work in the background that is in the way: an index being built, a collection being dropped.
  ...[215, 12586, 12587],
  // A write that no majority has taken as yet.
  ...[64, 79, 100],
  // Rights and credentials: an administrator who takes them away gives them back.
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
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  if (failures.length === 0) return serverErrorPasses(error);
  return failures.some(({ code }) => code !== undefined && passingCodes.has(code));
}
