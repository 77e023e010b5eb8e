import { BSON } from 'mongodb';
import { StreamFailure, type StreamFailureKind } from '../ports/source.ts';
import { redact } from './calls.ts';
import { causeOf, codes, serverCode } from './errors.ts';

/**
 * What a server error means for the stream. Codes that aren't listed, and errors without one (network,
 * server selection), are transient: the driver resumes once by itself, all else is ours to reopen. Also a name without
 * an address: after the start that is no mistake in the URI but a server that is coming back.
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
  redact(error);
  return new StreamFailure(kindOf(error), causeOf(error), error);
}

function kindOf(error: unknown): StreamFailureKind {
  const kind = kinds.get(serverCode(error) ?? -1);
  if (kind !== undefined) return kind;
  // Stored BSON that the driver can't decode, such as a regular expression with an option it does not know.
  const isUndecodable = error instanceof BSON.BSONError || error instanceof RangeError;
  return isUndecodable ? 'unreadable' : 'transient';
}
