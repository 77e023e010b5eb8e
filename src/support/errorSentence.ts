import { ConfigurationError } from '../runtime/errors.ts';
import { Refused } from './session.ts';

const unreachable = /^Mongo(?:ServerSelection|Network)|^NoAnswerInTime$/;

/** A server does not answer; asked again later, it may. */
export function isUnreachable({ name }: Error): boolean {
  return unreachable.test(name);
}

/** What went wrong, and what to do, for who asked. */
export function sentenceOf(error: Error): string {
  if (isUnreachable(error)) {
    return `MongoDB does not answer: ${error.message}. Check MONGODB_URI, or start MongoDB.`;
  }
  const isForUsers = error instanceof Refused || error instanceof ConfigurationError;
  return isForUsers ? error.message : `Failed: ${error.message}`;
}
