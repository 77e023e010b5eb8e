import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../config/packageRoot.ts';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { freePort } from '../../scripts/services/freePort.ts';
import { useSurroundings } from '../support/install/databases.ts';
import { bootDebian, type DebianMachine } from '../support/install/debianMachine.ts';
import { buildPackage } from '../support/install/packages.ts';
import {
  createTranscript,
  transcriptOf,
  withTranscript,
  type Transcript,
} from '../support/install/transcript.ts';
import { until } from '../support/until.ts';

const page = join(packageRoot(), 'docs/installing.md');
const isToBeWritten = process.env['UPDATE_TRANSCRIPT'] === '1';
/** Of packages and of the machine, when nothing is in the cache yet. */
const longMs = 900_000;

const surroundings = useSurroundings();
let packages = '';
let machine: DebianMachine;
let transcript: Transcript;
let older: string;
let newer: string;
let httpPort: number;

beforeAll(async () => {
  packages = await mkdtemp(join(tmpdir(), 'notify-on-delivery-packages-'));
  // What one waits for is fetched, what the other waits for is compiled.
  const booting = bootDebian().then((booted) => (machine = booted));
  const building = buildPackage(packages, { version: '1.0.0' }).then(async (name) => [
    name,
    await buildPackage(packages, { version: '1.1.0', settings: '#HTTP_THREADS=2\n' }),
  ]);
  await Promise.allSettled([booting, building]);
  await booting;
  [older = '', newer = ''] = await building;
  for (const name of [older, newer]) {
    await copyFile(join(packages, name), join(machine.root, 'root', name));
  }
  httpPort = await freePort();
  transcript = createTranscript(
    new Map([...surroundings().addresses, [`HTTP_PORT=${httpPort}`, 'HTTP_PORT=8080']]),
  );
}, longMs);
afterAll(async () => {
  await machine?.close();
  await rm(packages, { recursive: true, force: true });
}, 60_000);

/** Types a command; what it wrote. */
async function type(command: string, expected = 0): Promise<string> {
  const { code, output } = await machine.run(command);
  transcript.command(command, output, code ?? -1);
  expect({ command, code, output }).toEqual({ command, code: expected, output });
  return output;
}

/** The platform sets a status; resolves when the customer has been called, by that version, and the record is there. */
async function deliver(id: string, version: string): Promise<void> {
  const { sms, receiver } = surroundings();
  await setStatus(sms, id, 'DELIVERED');
  const called = await until(`${id} is called`, () =>
    receiver
      .requests('/hooks/28')
      .find(({ headers }) => headers['webhook-id'] === `${id}:DELIVERED`),
  );
  expect(called.headers['user-agent']).toBe(`notify-on-delivery/${version}`);
  await until(
    `${id} has its record`,
    async () => await sms.findOne({ _id: id, 'notify_on_delivery.state': 'delivered' }),
  );
  transcript.note(
    `Elsewhere, the platform sets the status of an SMS. The customer's server receives:\n` +
      ['user-agent', 'webhook-id']
        .map((name) => `${name}: ${String(called.headers[name])}`)
        .join('\n'),
  );
}

/** Once it is more than ready, which it is before it has opened its stream. */
async function stateOfUnit(): Promise<string> {
  const command = 'systemctl show --property=ActiveState,SubState,StatusText notify-on-delivery';
  await until('the stream is open', async () =>
    (await machine.run(command)).output.includes('stream: open'),
  );
  return await type(command);
}

describe('on a fresh Debian 12, the package', () => {
  beforeAll(async () => {
    for (const id of ['sms-1', 'sms-2', 'sms-3']) {
      await surroundings().sms.insertOne(newSms({ _id: id }));
    }
  });

  it('is installed by apt, and starts nothing', async () => {
    await type(`apt-get install --yes ./${older}`);
    expect((await machine.run('systemctl is-active notify-on-delivery')).output).toBe('inactive\n');
  });

  it('reaches both databases with the secrets and settings of the documents', async () => {
    const { mongodbUri, mysqlUri } = surroundings();
    const folder = '/etc/notify-on-delivery';
    for (const [name, uri] of Object.entries({
      'mongodb-uri': mongodbUri,
      'mysql-uri': mysqlUri,
    })) {
      await type(`install -m 600 /dev/stdin ${folder}/${name} <<'EOF'\n${uri}\nEOF`);
    }
    transcript.note('The databases and the receiver of this test are on the same machine.');
    await type(
      `cat >>${folder}/settings.env <<'EOF'\nEGRESS_ALLOW_CIDRS=127.0.0.0/8\nHTTP_PORT=${httpPort}\nEOF`,
    );
    expect(await type('notify-on-delivery check --account 28 --flow 200')).toContain(
      'No problems found.',
    );
  });

  it('starts by its unit, and notifies', async () => {
    await type('systemctl enable --now notify-on-delivery');
    expect(await stateOfUnit()).toContain('SubState=running');
    await deliver('sms-1', '1.0.0');
  });

  it('is upgraded by apt: it goes on with its settings', async () => {
    // Both have changed settings.env. Somebody at a terminal would be asked.
    await type(`apt-get install --yes -o Dpkg::Options::=--force-confold ./${newer}`);
    expect(await stateOfUnit()).toContain('SubState=running');
    const settings = await type(
      'ls /etc/notify-on-delivery; tail -n 2 /etc/notify-on-delivery/settings.env',
    );
    expect(settings).toContain('settings.env.dpkg-dist');
    expect(settings).toContain(`HTTP_PORT=${httpPort}\n`);
    await deliver('sms-2', '1.1.0');
  });

  it('goes back to the older version by apt', async () => {
    await type(
      `apt-get install --yes --allow-downgrades -o Dpkg::Options::=--force-confold ./${older}`,
    );
    expect(await stateOfUnit()).toContain('SubState=running');
    await deliver('sms-3', '1.0.0');
    const listed = await type('notify-on-delivery list --account 28');
    for (const id of ['sms-1', 'sms-2', 'sms-3']) expect(listed).toContain(id);
  });

  it('is removed, and leaves the settings', async () => {
    await type('apt-get remove --yes notify-on-delivery');
    const left = await type('ls /etc/notify-on-delivery');
    expect(left.split('\n')).toEqual(
      expect.arrayContaining(['mongodb-uri', 'mysql-uri', 'settings.env']),
    );
    await type('ls /opt/notify-on-delivery', 2);
    await type('systemctl is-active notify-on-delivery', 3);
  });

  it('is purged, and leaves its user', async () => {
    await type('apt-get purge --yes notify-on-delivery');
    await type('ls /etc/notify-on-delivery', 2);
    expect(await type('id --name --user notify-on-delivery')).toBe('notify-on-delivery\n');
  });

  it('called the customer once for each status', () => {
    const ids = surroundings()
      .receiver.requests('/hooks/28')
      .map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual(['sms-1:DELIVERED', 'sms-2:DELIVERED', 'sms-3:DELIVERED']);
  });

  it('did so as docs/installing.md shows it', async () => {
    const text = await readFile(page, 'utf8');
    if (isToBeWritten) await writeFile(page, withTranscript(text, transcript.text()));
    expect(transcript.text()).toBe(transcriptOf(await readFile(page, 'utf8')));
  });
});
