import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { runCommand } from '../support/commands.ts';
import { useEndToEnd } from '../support/endToEnd.ts';

const e2e = useEndToEnd(import.meta.url);
let prefix: string;
let folder: string;

/** The package as the documents lay it out, and a folder of settings as for systemd. */
beforeAll(async () => {
  prefix = await mkdtemp(join(tmpdir(), 'notify-on-delivery-prefix-'));
  const root = join(prefix, 'opt');
  await mkdir(join(prefix, 'usr'));
  await cp(join(packageRoot(), 'deploy/bin'), join(root, 'bin'), { recursive: true });
  for (const name of ['package.json', 'config', 'dist', 'node_modules']) {
    await symlink(join(packageRoot(), name), join(root, name));
  }
  await symlink('../opt/bin/notify-on-delivery', join(prefix, 'usr/notify-on-delivery'));
  folder = join(prefix, 'etc');
  await mkdir(folder);
  const { MONGODB_URI = '', MYSQL_URI = '', ...others } = e2e().settings;
  await writeFile(join(folder, 'mongodb-uri'), `${MONGODB_URI}\n`);
  await writeFile(join(folder, 'mysql-uri'), `${MYSQL_URI}\n`);
  const lines = Object.entries(others).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(folder, 'settings.env'), `# of the unit\n${lines.join('')}`);
});
afterAll(async () => {
  await rm(prefix, { recursive: true, force: true });
});

interface End {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

async function wrapper(env: Readonly<Record<string, string>>, ...args: string[]): Promise<End> {
  // By the Node of this process, and from a folder that is not the package's.
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const options = { cwd: prefix, env: { PATH: path, ...env } };
  return await new Promise((resolve) => {
    execFile(join(prefix, 'usr/notify-on-delivery'), args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

/** Which databases a command has looked at. */
function placesOf(data: unknown) {
  const { mongodb, mysql } = data as Readonly<Record<'mongodb' | 'mysql', unknown>>;
  return { mongodb, mysql };
}

/** What each check came to, without what changes from one moment to the next. */
function verdictsOf(data: unknown): readonly string[] {
  const { findings } = data as { findings: readonly { check: string; status: string }[] };
  return findings.map(({ check, status }) => `${check}: ${status}`);
}

const elsewhere = {
  MONGODB_URI: 'mongodb://127.0.0.1:1/elsewhere?replicaSet=none',
  EGRESS_ALLOW_CIDRS: '',
};

describe('the wrapper', () => {
  it("looks where the worker works, whatever is in the caller's environment", async () => {
    const named = { NOTIFY_ON_DELIVERY_SETTINGS: folder };
    const status = await wrapper({ ...named, ...elsewhere }, 'status', '--json');
    const direct = await runCommand(e2e().settings, ['status', '--json']);
    expect([status.code, status.stderr]).toEqual([direct.code, '']);
    expect(placesOf(JSON.parse(status.stdout))).toEqual(placesOf(direct.json()));
    expect(placesOf(direct.json()).mongodb).toHaveProperty('database');
  });

  it('calls the endpoints that the worker calls', async () => {
    const named = { NOTIFY_ON_DELIVERY_SETTINGS: folder };
    await e2e().central.optIn(1, 101, { url: e2e().receiver.url() });
    const args = ['check', '--account', '1', '--flow', '101', '--json'];
    const check = await wrapper({ ...named, ...elsewhere }, ...args);
    const direct = await runCommand(e2e().settings, args);
    expect(check.code).toBe(direct.code);
    expect(verdictsOf(JSON.parse(check.stdout))).toEqual(verdictsOf(direct.json()));
    // A receiver here has an address that only the worker's own settings allow.
    expect(direct.code).toBe(0);
  });

  it('takes the environment where there is no folder, as in a container', async () => {
    const status = await wrapper({ ...e2e().settings }, 'status', '--json');
    const direct = await runCommand(e2e().settings, ['status', '--json']);
    expect(placesOf(JSON.parse(status.stdout))).toEqual(placesOf(direct.json()));
  });

  it('names commands as they are called here, where there may be no npm', async () => {
    const named = { NOTIFY_ON_DELIVERY_SETTINGS: folder };
    await e2e().central.optIn(2, 102, { url: e2e().receiver.url() });
    await e2e().central.setFlow(103, 2, false);
    const ends = [
      await wrapper(named, 'replay', '--help'),
      await wrapper(named, 'check', '--account', '2', '--flow', '103'),
      await wrapper(named, 'check', '--account', '2', '--flow', '103', '--json'),
    ];
    for (const { stdout } of ends) expect(stdout).not.toMatch(/npm/);
    expect(ends[0]?.stdout).toContain('\n  notify-on-delivery replay --since 2026-01-31T10:00');
    expect(ends[1]?.stdout).toContain('notify-on-delivery setup flow 103 --account 2 --enable');
    expect(ends[2]?.stdout).toContain('notify-on-delivery setup flow 103 --account 2 --enable');
  });

  it('says what is wrong with a folder that is none', async () => {
    const end = await wrapper({ NOTIFY_ON_DELIVERY_SETTINGS: '/nowhere' }, 'status');
    expect([end.code, end.stdout]).toEqual([1, '']);
    expect(end.stderr).toContain('/nowhere, which is not a folder');
  });
});
