import { BSON } from 'mongodb';
import { StreamFailure, type StreamFailureKind } from '../domain/streamFailure.ts';
import { causeOf, codes, serverCode } from './errorCodes.ts';
import { removeQuotes } from './withoutCommands.ts';

/**
 * What a server error means for the stream. Codes that aren't listed, and errors without one (network,
 * server selection), are transient: the driver resumes once by itself, all else is ours to reopen. Also a name without
 * an address: after the start that is no slip in the URI but a server on its way back.
 */
const kinds = new Map<number, StreamFailureKind>([
  [codes.failedToParse, 'tokenUnusable'],
  [codes.invalidResumeToken, 'tokenUnusable'],
  [codes.changeStreamFatalError, 'tokenUnusable'],
  [codes.badResumeToken, 'tokenUnusable'],
  [codes.emptyResumeToken, 'tokenUnusable'],
  [codes.bsonObjectTooLarge, 'unreadable'],
  [codes.stringTooLong, 'unreadable'],
  [codes.cappedPositionLost, 'historyLost'],
  [codes.changeStreamHistoryLost, 'historyLost'],
  [codes.unauthorized, 'denied'],
  [codes.authenticationFailed, 'denied'],
  [codes.changeStreamNeedsReplicaSet, 'unsupported'],
  [codes.commandNotSupportedOnView, 'unsupported'],
]);

export function toStreamFailure(error: unknown): StreamFailure {
  if (error instanceof StreamFailure) return error;
  removeQuotes(error);
  return new StreamFailure(kindOf(error), causeOf(error), error);
}

function kindOf(error: unknown): StreamFailureKind {
  const told = kinds.get(serverCode(error) ?? -1);
  if (told !== undefined) return told;
  return isUndecodable(error) ? 'unreadable' : 'transient';
}

/** Stored BSON that the driver makes nothing of, such as a regular expression with an option it does not know. */
function isUndecodable(error: unknown): boolean {
  return error instanceof BSON.BSONError || error instanceof RangeError;
}
