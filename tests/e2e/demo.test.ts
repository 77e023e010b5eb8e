import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../config/packageRoot.ts';
import type { Report } from '../../scripts/demo/report.ts';
import { leftBehind, startDemo } from '../support/demoProcess.ts';
import { useServers } from '../support/servers.ts';
import { until } from '../support/until.ts';

const servers = useServers(import.meta.url);
describe('npm run demo', () => {
  it('finds all it shows to be so, and prints one JSON value', async () => {
    const demo = startDemo(servers(), '--json');
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
    expect(await leftBehind(servers())).toEqual([]);
  }, 240_000);

  it('stops everything when it is interrupted', async () => {
    const demo = startDemo(servers(), '--json');
    await until('the second scene', () => demo.stderr().includes('2  A webhook'), {
      timeoutMs: 60_000,
    });
    demo.child.kill('SIGINT');
    expect(await demo.exitCode).toBe(130);
    expect(JSON.parse(demo.stdout())).toMatchObject({ ok: false, error: 'interrupted' });
    expect(await leftBehind(servers())).toEqual([]);
  }, 120_000);

  it('with --keep, serves the console to whoever opens the link it shows', async () => {
    const demo = startDemo(servers(), '--keep');
    const link = await until(
      'the link',
      () => /http:\/\/127\.0\.0\.1:\d+\/token\/\S+/.exec(demo.stdout())?.[0],
      { timeoutMs: 120_000 },
    );
    const entered = await fetch(link, { redirect: 'manual' });
    expect(entered.status).toBe(303);
    const cookie = entered.headers.getSetCookie().map((each) => each.split(';')[0]);
    const headers = { cookie: cookie.join('; ') };
    const page = await fetch(new URL('/accounts/28', link), { headers });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('/hooks/28')]);
    demo.child.kill('SIGINT');
    expect(await demo.exitCode).toBe(130);
    expect(await leftBehind(servers())).toEqual([]);
    // Elsewhere than on a terminal: whole lines, and nothing that moves a cursor.
    for (const text of [demo.stdout(), demo.stderr()]) {
      expect(['\r', '\u001B'].some((mover) => text.includes(mover))).toBe(false);
      expect(text.endsWith('\n')).toBe(true);
    }
  }, 240_000);

  it("with --keep, has a file of the worker's log that tail -f follows to its end", async () => {
    const demo = startDemo(servers(), '--keep');
    const file = await until('the file', () => /tail -f (\S+)/.exec(demo.stdout())?.[1], {
      timeoutMs: 120_000,
    });
    const tail = spawn('tail', ['-n', '+1', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let followed = '';
    let complaints = '';
    tail.stdout.on('data', (data: Buffer) => (followed += data.toString()));
    tail.stderr.on('data', (data: Buffer) => (complaints += data.toString()));
    const [desk] = /http:\S+\/demo\/sms/.exec(demo.stdout()) ?? [''];
    const answer = await (await fetch(desk)).text();
    const [, id = 'none'] = /SMS (\S+)/.exec(answer) ?? [];
    await until('the attempt', () => followed.includes(`"${id}:DELIVERED"`));
    expect((await readFile(file, 'utf8')).endsWith('\n')).toBe(true);
    demo.child.kill('SIGINT');
    await demo.exitCode;
    await until('the end', () => followed.includes('"event":"stopped"'));
    tail.kill();
    const events = followed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).event as string);
    expect([events.at(-1), events.filter((event) => event === 'started').length]).toEqual([
      'stopped',
      1,
    ]);
    expect(complaints).not.toContain('truncated');
  }, 240_000);

  it('does not take a database that is in use', async () => {
    const { db } = servers();
    await db.collection('precious').insertOne({ kept: true });
    const demo = startDemo(servers());
    expect(await demo.exitCode).toBe(1);
    expect(demo.stderr()).toContain('"precious"');
    expect(await leftBehind(servers())).toEqual(['precious']);
    await db.dropCollection('precious');
  }, 60_000);

  it('says what Kafka lacks before anything is started', async () => {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const running = promisify(execFile)(process.execPath, ['scripts/demo.ts', '--kafka'], {
      cwd: packageRoot(),
      env: { ...env, PATH: '' },
    });
    await expect(running).rejects.toMatchObject({
      code: 1,
      stdout: expect.not.stringContaining('MongoDB'),
      stderr: expect.stringMatching(/^Kafka needs Java 17 or newer: install it/m),
    });
  }, 30_000);

  it('leaves nothing of Kafka running', async () => {
    const demo = startDemo(servers(), '--kafka', '--keep');
    expect(await demo.exitCode).toBe(2);
    expect(demo.stderr()).toContain('--kafka and --keep exclude each other');
  }, 30_000);

  it('names an option it does not know', async () => {
    const demo = startDemo(servers(), '--kepe');
    expect(await demo.exitCode).toBe(2);
    expect(demo.stderr()).toContain('--kepe');
  }, 30_000);
});
