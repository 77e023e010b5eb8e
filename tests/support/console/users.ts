import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { packageRoot } from '../../../config/packageRoot.ts';
import { inheritedEnv } from '../../../scripts/harness/workerProcess.ts';
import { roles, type Role } from '../../../src/console/role.ts';

/** Of all people of the tests. */
export const password = 'correct horse battery staple';

/** One person of each role, named after it. */
export async function addPeople(usersFile: string): Promise<void> {
  for (const role of roles) await addUser(usersFile, role, role);
}

/** By the command, as an operator does. */
async function addUser(usersFile: string, name: string, role: Role): Promise<void> {
  const args = ['dist/src/cli.js', 'console', 'user', 'add', name, '--role', role];
  const child = spawn(process.execPath, args, {
    cwd: packageRoot(),
    env: { ...inheritedEnv(), CONSOLE_USERS_FILE: usersFile },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => (output += data.toString()));
  }
  child.stdin.end(`${password}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${name} could not be added: ${output}`);
}
