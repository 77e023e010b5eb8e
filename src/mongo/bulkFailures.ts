import { MongoBulkWriteError } from 'mongodb';

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
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  const allExpected =
    failures.length > 0 &&
    error.result.getWriteConcernError() === undefined &&
    failures.every((failure) => isExpected(failure.code));
  if (!allExpected) throw error;
  const failed = new Set(failures.map((failure) => failure.index));
  return { failed, matchedCount: error.matchedCount };
}
