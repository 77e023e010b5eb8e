import { RouteQueryError } from '../mysql/errors.ts';
import { ConfigurationError } from '../runtime/errors.ts';
import { Refused } from './session.ts';

const mongodbAway = /^Mongo(?:ServerSelection|Network)|^NoAnswerInTime$/;

/** The server that does not answer; asked again later, it may. Null for any other error. */
export function awayServer(error: Error): 'MongoDB' | 'MySQL' | null {
  if (mongodbAway.test(error.name)) return 'MongoDB';
  return error instanceof RouteQueryError && error.kind === 'unavailable' ? 'MySQL' : null;
}

/** What went wrong, and what to do, for who asked. */
export function sentenceOf(error: Error): string {
  const away = awayServer(error);
  if (away === 'MongoDB') {
    return `MongoDB does not answer: ${error.message}. Check MONGODB_URI, or start MongoDB.`;
  }
  if (away === 'MySQL') return `${error.message}. Check its connection string, or start MySQL.`;
  const isForUsers =
    error instanceof Refused ||
    error instanceof ConfigurationError ||
    error instanceof RouteQueryError;
  return isForUsers ? error.message : `Failed: ${error.message}`;
}
