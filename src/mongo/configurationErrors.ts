import { MongoError, MongoMissingDependencyError, MongoServerSelectionError } from 'mongodb';
import { ConfigurationError } from '../runtime/errors.ts';
import { codes, serverCode } from './errors.ts';

/**
 * What waiting can't fix, as a sentence for whoever set it up; null for everything else. Looks also into what a
 * failed search for a server says of each server.
 */
export function toConfigurationError(error: unknown): ConfigurationError | null {
  for (const each of withCauses(error)) {
    const sentence = sentenceFor(each);
    if (sentence !== null) return new ConfigurationError(sentence, { cause: error });
  }
  return null;
}

/** An error may have any number of causes. */
const CAUSES_AT_MOST = 100;

function withCauses(error: unknown): readonly Error[] {
  const found: Error[] = [];
  const open: unknown[] = [error];
  while (open.length > 0 && found.length < CAUSES_AT_MOST) {
    const next = open.shift();
    if (!Error.isError(next) || found.includes(next)) continue;
    found.push(next);
    open.push(next.cause);
    if (next instanceof MongoServerSelectionError) {
      for (const server of next.reason?.servers.values() ?? []) open.push(server.error);
    }
  }
  return found;
}

function sentenceFor(error: Error): string | null {
  if (error instanceof MongoMissingDependencyError) {
    // Its own name for the package may be shortened.
    const name = /`([^`]+)`/.exec(error.message)?.[1] ?? error.dependencyName;
    return `MONGODB_URI asks for what needs the package ${name}, which is not installed: install it beside the worker (npm install ${name}), or take the option out of MONGODB_URI (${error.message})`;
  }
  if (isRefusedLogin(error)) {
    return 'MongoDB refuses the credentials in MONGODB_URI: correct user, password or authSource';
  }
  if (serverCode(error) === codes.databaseDifferCase) {
    return `MONGODB_DATABASE or MONGODB_STATE_DATABASE differs from the database there is in upper and lower case only: write it as it is there (${error.message})`;
  }
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  // A server's code is a number.
  if (typeof code !== 'string') return null;
  if (path !== undefined && (syscall === 'open' || syscall === 'read')) {
    return `a file that MONGODB_URI names can't be read: ${path} (${code}); correct the path or its rights`;
  }
  if (code.startsWith('ERR_OSSL_') && !(error instanceof MongoError)) {
    return `a certificate or key file that MONGODB_URI names can't be used: ${error.message}; correct the file or its passphrase`;
  }
  return null;
}

/** Atlas has one code for all it refuses, and says which login it was, or which right is missing. */
function isRefusedLogin(error: Error): boolean {
  const code = serverCode(error);
  const isAtLogin = error instanceof MongoError && error.hasErrorLabel('HandshakeError');
  if (isAtLogin && (code === codes.userNotFound || code === codes.unauthorized)) return true;
  if (code === codes.atlasError) return !/not allowed|not authorized/i.test(error.message);
  return code === codes.authenticationFailed || code === codes.mechanismUnavailable;
}
