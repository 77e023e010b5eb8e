import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { Report } from '../../scripts/demo/report.ts';
import { useServers } from '../support/servers.ts';
import { until } from '../support/until.ts';

const servers = useServers(import.meta.url);
const projectFolder = fileURLToPath(new URL('../../', import.meta.url));

interface Demo {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  readonly exitCode: Promise<number | null>;
}

/** `npm run demo`, on this file's own databases. */
function startDemo(...args: readonly string[]): Demo {
  const { mongodbUri, mysqlUri, database } = servers();
  const child = spawn('npm', ['run', 'demo', '--silent', '--', ...args], {
    cwd: projectFolder,
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

async function leftBehind(): Promise<readonly unknown[]> {
  const { db, mysql } = servers();
  const [tables] = await mysql.query('SHOW TABLES');
  const collections = await db.listCollections().toArray();
  return [...(tables as unknown[]), ...collections.map(({ name }) => name)];
}

describe('npm run demo', () => {
  it('finds all it shows to be so, and prints one JSON value', async () => {
    const demo = startDemo('--json');
    const exitCode = await demo.exitCode;
    const report = JSON.parse(demo.stdout()) as Report;
    const failed = report.scenes.flatMap(({ checks }) => checks.filter(({ ok }) => !ok));
    expect({ exitCode, error: report.error, failed }).toEqual({
      exitCode: 0,
      error: undefined,
      failed: [],
    });
    expect(report.ok).toBe(true);
    expect(report.scenes.map(({ name, checks }) => [name, checks.length])).toEqual([
      ['sample', 7],
      ['failing-webhook', 6],
      ['not-opted-in', 3],
      ['flow-without-webhook', 2],
      ['no-default-webhook', 2],
      ['whole-documents', 5],
      ['burst', 2],
      ['clean-stop', 2],
    ]);
    expect(report.burst?.statuses).toBe(1_000);
    expect(await leftBehind()).toEqual([]);
  }, 240_000);

  it('stops everything when it is interrupted', async () => {
    const demo = startDemo('--json');
    await until('the second scene', () => demo.stderr().includes('2  A webhook'), {
      timeoutMs: 60_000,
    });
    demo.child.kill('SIGINT');
    expect(await demo.exitCode).toBe(130);
    expect(JSON.parse(demo.stdout())).toMatchObject({ ok: false, error: 'interrupted' });
    expect(await leftBehind()).toEqual([]);
  }, 120_000);

  it('does not take a database that is in use', async () => {
    const { db } = servers();
    await db.collection('precious').insertOne({ kept: true });
    const demo = startDemo();
    expect(await demo.exitCode).toBe(1);
    expect(demo.stderr()).toContain('"precious"');
    expect(await leftBehind()).toEqual(['precious']);
    await db.dropCollection('precious');
  }, 60_000);

  it('names an option it does not know', async () => {
    const demo = startDemo('--kepe');
    expect(await demo.exitCode).toBe(2);
    expect(demo.stderr()).toContain('--kepe');
  }, 30_000);
});
