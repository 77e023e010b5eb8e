import { MongoError, MongoServerError } from 'mongodb';

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
