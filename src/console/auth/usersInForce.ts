import { statSync, type Stats } from 'node:fs';
import { ConfigurationError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { readUsersFile, toUserName, type ConsoleUser } from '../../support/consoleUsers.ts';

/** The people of the users file, as it is now. */
export interface UsersInForce {
  find(name: string): ConsoleUser | null;
}

const READABLE_BY_OTHERS = 0o004;

/**
 * Looks at the file each time somebody is asked for, and reads it again when it has changed. While it can't be used, the
 * people of before stay in force. Throws a `ConfigurationError` when it can't be used at first.
 */
export function openUsersInForce(
  path: string,
  logger: Pick<Logger, 'warn' | 'error'>,
): UsersInForce {
  const warnIfExposed = (stats: Stats | null): void => {
    if (stats === null || (stats.mode & READABLE_BY_OTHERS) === 0) return;
    logger.warn('console_users_exposed', { file: path });
  };
  // Before it is read: what changes in between is read again.
  let seen = lookAt(path);
  const first = readUsersFile(path);
  if (!first.ok) {
    throw new ConfigurationError(`the file ${path} of CONSOLE_USERS_FILE ${first.problem}`);
  }
  let { users } = first;
  warnIfExposed(seen);
  const refresh = (): void => {
    const now = lookAt(path);
    if (stampOf(now) === stampOf(seen)) return;
    seen = now;
    const read = readUsersFile(path);
    if (read.ok) {
      users = read.users;
      warnIfExposed(now);
    } else logger.error('console_users_refused', { file: path, problem: read.problem });
  };
  return {
    find(name) {
      refresh();
      return users.get(toUserName(name) ?? '') ?? null;
    },
  };
}

/** Null for a file that is not there. */
function lookAt(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function stampOf(stats: Stats | null): string {
  if (stats === null) return 'missing';
  const { ino, size, mtimeMs, mode } = stats;
  return `${ino} ${size} ${mtimeMs} ${mode}`;
}
