import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../config/loadConfig.ts';
import { settingEntries } from '../../../config/schema.ts';
import { createAddressPolicy } from '../../../src/http/addresses.ts';
import {
  readCompose,
  readComposeWorker,
  readConfigMap,
  readImage,
  readPod,
  readProjectFile,
  readStartCommand,
  readUnit,
  readYaml,
  toEnv,
} from '../../support/deployFiles.ts';

const unit = readUnit('deploy/systemd/notify-on-delivery.service');
const image = readImage();
const pod = readPod();
const compose = readComposeWorker();
const composeKafka = readCompose('compose.kafka.yaml');
const start = readStartCommand();

const secrets: Readonly<Record<string, string>> = {
  'mongodb-uri': 'mongodb://db/?replicaSet=rs0',
  'mysql-uri': 'mysql://notify@db/central',
};

/** Reads the secret that the end of the path names, and files of the project. */
function readFile(path: string): string {
  return secrets[path.split('/').at(-1) ?? ''] ?? readProjectFile('config/route.sql');
}

describe('the command', () => {
  it('of "npm start" is node with flags and an environment', () => {
    expect(start.words[0]).toBe('node');
    expect(start.words.slice(1, -1).every((word) => word.startsWith('--'))).toBe(true);
    expect(start.words.at(-1)).toBe('dist/src/main.js');
    expect(start.env).toEqual({ UV_THREADPOOL_SIZE: expect.stringMatching(/^\d+$/) });
  });

  it('of the systemd unit is the same', () => {
    const [command = ''] = unit.get('ExecStart') ?? [];
    expect(command.replace('/usr/bin/node', 'node').split(' ')).toEqual(start.words);
    expect(toEnv(unit.get('Environment') ?? [])).toMatchObject(start.env);
  });

  it('of the image is the same, and nobody else changes it', () => {
    expect(JSON.parse(image.get('ENTRYPOINT')?.[0] ?? '')).toEqual(start.words);
    expect(toEnv(image.get('ENV') ?? [])).toEqual(start.env);
    expect(image.has('CMD')).toBe(false);
    const [worker] = pod.containers;
    expect([worker?.command, worker?.args, compose.command, compose.entrypoint]).toEqual(
      Array(4).fill(undefined),
    );
  });

  it('of the image runs as somebody who has a number and is not root', () => {
    expect(image.get('USER')?.[0]).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('does not come back after the exit code of wrong settings', () => {
    expect(unit.get('RestartPreventExitStatus')).toEqual(['78']);
  });
});

const podEnv = Object.fromEntries(
  pod.containers.flatMap(({ env }) => env.map(({ name, value }) => [name, value])),
) as Record<string, string>;
const shownToSystemd = [
  ...readProjectFile('docs/installing.md').matchAll(/```ini\n(.*?)```/gs),
].flatMap(([, block = '']) => block.trim().split('\n'));

const environments: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['systemd', toEnv([...(unit.get('Environment') ?? []), ...shownToSystemd])],
  ['compose', compose.environment],
  ['compose with Kafka', { ...compose.environment, ...composeKafka['worker']?.environment }],
  ['kubernetes', { ...podEnv, ...readConfigMap('base'), ...readConfigMap('example') }],
  [
    'kubernetes with Kafka',
    { ...podEnv, ...readConfigMap('example'), ...readConfigMap('example-kafka') },
  ],
];

describe.each(environments)('the settings for %s', (_, environment) => {
  const names = Object.keys(environment).filter((name) => !(name in start.env));
  const known = settingEntries.flatMap(([name, { secret }]) =>
    secret === true ? [name, `${name}_FILE`] : [name],
  );

  it('are settings there are', () => {
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('can be used', () => {
    const loaded = loadConfig(environment, readFile);
    expect('problems' in loaded ? loaded.problems : []).toEqual([]);
    expect(loaded.warnings).toEqual([]);
  });

  it('let the worker stop before it is killed', () => {
    const loaded = loadConfig(environment, readFile);
    const graceMs = loaded.ok ? loaded.config.shutdown.graceMs : Infinity;
    const seconds = [
      unit.get('TimeoutStopSec')?.[0],
      compose.stop_grace_period,
      `${pod.terminationGracePeriodSeconds}s`,
    ].map((text) => Number(/^(\d+)s$/.exec(text ?? '')?.[1]));
    for (const each of seconds) expect(each * 1000).toBeGreaterThan(graceMs);
  });
});

describe('the port', () => {
  const [, { default: port } = {}] = settingEntries.find(([name]) => name === 'HTTP_PORT') ?? [];

  it('is that of HTTP_PORT', () => {
    expect(image.get('EXPOSE')).toEqual([port]);
    expect(image.get('HEALTHCHECK')?.[0]).toContain(`process.env.HTTP_PORT || ${port}`);
    expect(pod.containers.flatMap(({ ports }) => ports)).toMatchObject([
      { containerPort: Number(port) },
    ]);
  });
});

interface Policy {
  readonly spec: {
    readonly egress: readonly {
      readonly to: readonly { readonly ipBlock?: { readonly cidr: string; except?: string[] } }[];
    }[];
  };
}

describe('the network policy', () => {
  const { spec } = readYaml('deploy/kubernetes/base/networkPolicy.yaml') as Policy;
  const blocks = spec.egress.flatMap(({ to }) => to.map(({ ipBlock }) => ipBlock));
  const refused = blocks.flatMap((block) => block?.except ?? []);

  it('takes from the Internet nothing that the worker would call', () => {
    const mayBeCalled = createAddressPolicy([]);
    expect(refused.length).toBeGreaterThan(5);
    const first = refused.map((range) => range.split('/')[0] ?? '');
    expect(first.filter(mayBeCalled)).toEqual([]);
  });
});
