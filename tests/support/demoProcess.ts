import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { packageRoot } from '../../config/packageRoot.ts';
import type { TestServers } from './servers.ts';

interface Demo {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  readonly exitCode: Promise<number | null>;
}

/** `npm run demo`, on a test file's own databases. */
export function startDemo(
  { mongodbUri, mysqlUri, database }: TestServers,
  ...args: readonly string[]
): Demo {
  const child = spawn('npm', ['run', 'demo', '--silent', '--', ...args], {
    cwd: packageRoot(),
    env: {
      ...process.env,
      MONGODB_URI: mongodbUri,
      MONGODB_DATABASE: database,
      MYSQL_URI: mysqlUri,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const exitCode = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  return { child, stdout: () => stdout, stderr: () => stderr, exitCode };
}

/** What there is in the databases. */
export async function leftBehind({ db, mysql }: TestServers): Promise<readonly unknown[]> {
  const [tables] = await mysql.query('SHOW TABLES');
  const collections = await db.listCollections().toArray();
  return [...(tables as unknown[]), ...collections.map(({ name }) => name)];
}
