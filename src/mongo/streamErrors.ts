import { StreamFailure, type StreamFailureKind } from '../domain/streamFailure.ts';
import { causeOf, codes, serverCode } from './errorCodes.ts';

/**
 * What a server error means for the stream. Codes that aren't listed, and errors without one (network,
 * server selection), are transient: the driver resumes once by itself, all else is ours to reopen.
 */
const kinds = new Map<number, StreamFailureKind>([
  [codes.failedToParse, 'tokenUnusable'],
  [codes.invalidResumeToken, 'tokenUnusable'],
  [codes.changeStreamFatalError, 'tokenUnusable'],
  [codes.cappedPositionLost, 'historyLost'],
  [codes.changeStreamHistoryLost, 'historyLost'],
  [codes.unauthorized, 'denied'],
  [codes.authenticationFailed, 'denied'],
  [codes.changeStreamNeedsReplicaSet, 'unsupported'],
  [codes.commandNotSupportedOnView, 'unsupported'],
]);

export function toStreamFailure(error: unknown): StreamFailure {
  if (error instanceof StreamFailure) return error;
  const kind = kinds.get(serverCode(error) ?? -1) ?? 'transient';
  return new StreamFailure(kind, causeOf(error), error);
}
