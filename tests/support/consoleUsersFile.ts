import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { Role } from '../../src/support/consoleRole.ts';
import { addUser } from '../../src/support/consoleUsers.ts';

/** Of everybody in the files of tests. */
export const password = 'correct horse battery';

/** The path of a users file with these people, for one test file. */
export function useUsersFile(people: Readonly<Record<string, Role>>): () => string {
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'notify-on-delivery-console-'));
    for (const [name, role] of Object.entries(people)) {
      await addUser(join(folder, 'users'), { name, role, password });
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return () => join(folder, 'users');
}
