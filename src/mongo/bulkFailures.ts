import { MongoBulkWriteError } from 'mongodb';

/**
 * The indexes of an unordered bulk's items that failed, when every failure is one the caller expects by
 * code. Rethrows when anything else went wrong, write concern included: then nothing is known to be done.
 */
export function expectedFailures(
  error: unknown,
  isExpected: (code: number | undefined) => boolean,
): readonly number[] {
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  const allExpected =
    failures.length > 0 &&
    error.result.getWriteConcernError() === undefined &&
    failures.every((failure) => isExpected(failure.code));
  if (!allExpected) throw error;
  return failures.map((failure) => failure.index);
}
