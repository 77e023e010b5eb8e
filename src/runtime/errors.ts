/**
 * The worker can't run as it is set up: wrong settings, wrong kind of server or collection, missing
 * rights. The message is one sentence that names the thing and says what to do. Ends the start with
 * exit code 78.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** What was thrown, as an Error; a thrown non-Error keeps its text. */
export function toError(thrown: unknown): Error {
  return Error.isError(thrown) ? thrown : new Error(String(thrown));
}
