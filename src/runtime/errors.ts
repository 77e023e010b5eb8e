import { types } from 'node:util';

/**
 * The worker can't run as it is set up: wrong settings, wrong kind of server or collection, missing
 * rights. The message is one sentence that names the thing and says what to do. Ends the start with
 * exit code 78.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Also one of another realm, and what an abort throws, which Node 20 takes for no native error. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof DOMException;
}

/** What was thrown, as an Error; a thrown non-Error keeps its text. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(String(thrown));
}
