import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandEnvironment } from '../../src/settingsFolder.ts';
import { readProjectFile, readUnit } from '../support/deployFiles.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'notify-on-delivery-folder-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** A folder with these files, as the wrapper names it. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'etc-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

function environmentOf(callers: Readonly<Record<string, string>>) {
  const environment = commandEnvironment(callers);
  if (!environment.ok) throw new Error(environment.problems.join());
  return environment;
}

describe('the environment of a command', () => {
  it("is the caller's where no folder is named", () => {
    const callers = { MONGODB_URI: 'mongodb://a/', PATH: '/bin' };
    expect(commandEnvironment(callers)).toEqual({ ok: true, env: callers, ownEnv: callers });
  });

  it('is what the folder holds, and nothing else that is a setting', async () => {
    const folder = await folderOf({
      'settings.env': 'MAX_IN_FLIGHT=7\nHTTP_PORT="off"\n',
      'egress-proxy': 'http://proxy',
    });
    const own = { NOTIFY_ON_DELIVERY_SETTINGS: folder, PATH: '/bin' };
    const foreign = { MONGODB_URI: 'mongodb://other/', LOG_LEVEL: 'debug', MAX_IN_FLIGHT: '8' };
    expect(environmentOf({ ...own, ...foreign }).env).toEqual({
      ...own,
      MONGODB_URI_FILE: join(folder, 'mongodb-uri'),
      MYSQL_URI_FILE: join(folder, 'mysql-uri'),
      EGRESS_PROXY_FILE: join(folder, 'egress-proxy'),
      MAX_IN_FLIGHT: '7',
      HTTP_PORT: 'off',
    });
  });

  it('has the secret of who sets accounts up, unless the caller brings another', async () => {
    const folder = await folderOf({ 'mysql-admin-uri': 'mysql://admin@db/central' });
    const named = { NOTIFY_ON_DELIVERY_SETTINGS: folder };
    const path = join(folder, 'mysql-admin-uri');
    expect(environmentOf(named).env).toMatchObject({ MYSQL_ADMIN_URI_FILE: path });
    const { env } = environmentOf({ ...named, MYSQL_ADMIN_URI: 'mysql://me@db/central' });
    expect(env).toMatchObject({ MYSQL_ADMIN_URI: 'mysql://me@db/central' });
    expect(env).not.toHaveProperty('MYSQL_ADMIN_URI_FILE');
  });

  it('names a secret that the caller may not read only to the commands that need it', async () => {
    const folder = await folderOf({});
    const path = join(folder, 'mysql-admin-uri');
    await symlink(path, path);
    const { env, ownEnv } = environmentOf({ NOTIFY_ON_DELIVERY_SETTINGS: folder });
    expect(env).not.toHaveProperty('MYSQL_ADMIN_URI_FILE');
    const users = { CONSOLE_USERS_FILE: join(folder, 'console-users') };
    expect(ownEnv).toEqual({ ...env, MYSQL_ADMIN_URI_FILE: path, ...users });
  });

  it('is refused where the settings are there but can not be read', async () => {
    const folder = await folderOf({});
    await mkdir(join(folder, 'settings.env'));
    expect(commandEnvironment({ NOTIFY_ON_DELIVERY_SETTINGS: folder })).toEqual({
      ok: false,
      problems: [expect.stringMatching(/settings\.env can't be read .*sudo/)],
    });
  });
});

describe('the folder', () => {
  it('has each secret by the name that systemd loads it by', async () => {
    const unit = readUnit('deploy/systemd/notify-on-delivery.service');
    const dropIns = readProjectFile('docs/installing.md').matchAll(
      /LoadCredential=([\w-]+:\S+?)`/g,
    );
    const loaded = [
      ...(unit.get('LoadCredential') ?? []),
      ...[...dropIns].map(([, text = '']) => text),
    ].map((text) => text.split(':')[1]?.replace('/etc/notify-on-delivery/', '') ?? '');
    expect(loaded.length).toBeGreaterThan(3);
    const folder = await folderOf(Object.fromEntries(loaded.map((name) => [name, 'x'])));
    const { env } = environmentOf({ NOTIFY_ON_DELIVERY_SETTINGS: folder });
    const files = Object.values(env).filter((value) => value !== folder);
    expect(new Set(files)).toEqual(new Set(loaded.map((name) => join(folder, name))));
  });
});
