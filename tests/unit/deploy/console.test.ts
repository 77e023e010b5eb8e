import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../config/loadConfig.ts';
import { settingEntries } from '../../../config/schema.ts';
import { parseUsers } from '../../../src/support/consoleUsers.ts';
import { isPassword } from '../../../src/support/passwordHash.ts';
import {
  readCompose,
  readConfigMap,
  readPod,
  readProjectFile,
  readStartCommand,
  readUnit,
  readYaml,
  toEnv,
} from '../../support/deployFiles.ts';

const unitFile = 'deploy/systemd/notify-on-delivery-console.service';
const unit = readUnit(unitFile);
const pod = readPod('deploy/kubernetes/console/deployment.yaml');
const { console: service } = readCompose('compose.yaml');
const start = readStartCommand('console');

const secrets: Readonly<Record<string, string>> = {
  'mongodb-uri': 'mongodb://db/?replicaSet=rs0',
  'mysql-uri': 'mysql://notify@db/central',
  'mysql-admin-uri': 'mysql://notify_admin@db/central',
};

/** Reads the secret that the end of the path names, and files of the project. */
function readFile(path: string): string {
  return secrets[path.split('/').at(-1) ?? ''] ?? readProjectFile('config/route.sql');
}

describe('the command of the console', () => {
  it('is that of "npm run console" everywhere', () => {
    expect(start.words.at(-1)).toBe('dist/src/console.js');
    const [command = ''] = unit.get('ExecStart') ?? [];
    expect(command.replace('/usr/bin/node', 'node').split(' ')).toEqual(start.words);
    expect(service?.entrypoint).toEqual(start.words);
    expect(pod.containers.map((container) => container.command)).toEqual([start.words]);
  });

  it('does not come back after the exit code of wrong settings', () => {
    expect(unit.get('RestartPreventExitStatus')).toEqual(['78']);
  });

  it('may do no more on its machine than the worker', () => {
    const sandboxOf = (path: string): string =>
      readProjectFile(path).split('DynamicUser=')[1] ?? '';
    expect(sandboxOf(unitFile)).toBe(sandboxOf('deploy/systemd/notify-on-delivery.service'));
    expect(sandboxOf(unitFile)).not.toBe('');
  });
});

const podEnv = Object.fromEntries(
  pod.containers.flatMap(({ env }) => env.map(({ name, value }) => [name, value])),
) as Record<string, string>;

const environments: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['systemd', toEnv(unit.get('Environment') ?? [])],
  ['compose', service?.environment ?? {}],
  ['kubernetes', { ...readConfigMap('base'), ...readConfigMap('example'), ...podEnv }],
];

describe.each(environments)("the console's settings for %s", (where, environment) => {
  const loaded = loadConfig(environment, readFile);

  it('are settings there are', () => {
    const known = settingEntries.flatMap(([name, { secret }]) =>
      secret === true ? [name, `${name}_FILE`] : [name],
    );
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('can be used', () => {
    expect('problems' in loaded ? loaded.problems : []).toEqual([]);
    expect(loaded.warnings).toEqual([]);
  });

  it('let in only people with a password', () => {
    if (!loaded.ok) throw new Error('see above');
    const { host, usersFile, proxyRanges } = loaded.config.console;
    expect([usersFile === null, proxyRanges]).toEqual([false, []]);
    // Under systemd a proxy on the same machine, elsewhere one on another.
    expect(host).toBe(where === 'systemd' ? '127.0.0.1' : '0.0.0.0');
  });
});

it('compose.yaml names somebody who can sign in', async () => {
  const [, name = '', password = ''] =
    /the name is "(.*)", the password "(.*)"/.exec(readProjectFile('compose.yaml')) ?? [];
  const parsed = parseUsers(readProjectFile('deploy/compose/console-users'));
  if (!parsed.ok) throw new Error(parsed.problem);
  const user = parsed.users.get(name);
  expect(await isPassword(password, user?.hash ?? null)).toBe(true);
  expect(service?.volumes).toEqual([
    `./deploy/compose/console-users:${service?.environment['CONSOLE_USERS_FILE']}:ro`,
  ]);
});

describe('the port of the console', () => {
  const [, { default: port } = {}] = settingEntries.find(([name]) => name === 'CONSOLE_PORT') ?? [];

  it('is that of CONSOLE_PORT', () => {
    expect(service?.ports).toEqual([`127.0.0.1:${port}:${port}`]);
    expect(JSON.stringify(service)).toContain(`http://127.0.0.1:${port}/livez`);
    expect(pod.containers.flatMap(({ ports }) => ports)).toMatchObject([
      { containerPort: Number(port) },
    ]);
  });
});

describe("the console's network policy", () => {
  const policyIn = (folder: string) =>
    readYaml(`deploy/kubernetes/${folder}/networkPolicy.yaml`) as {
      readonly spec: { readonly egress: unknown; readonly ingress: unknown };
    };

  it('allows the connections that the worker may make', () => {
    expect(policyIn('console').spec.egress).toEqual(policyIn('base').spec.egress);
    expect(policyIn('console').spec.ingress).not.toEqual(policyIn('base').spec.ingress);
  });
});
