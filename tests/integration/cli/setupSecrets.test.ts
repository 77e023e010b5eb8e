import { beforeAll, describe, expect, it } from '@jest/globals';
import { cliWith, type CliEnd } from '../../support/cli.ts';
import { loadSchema, useServers } from '../../support/servers.ts';
import { configPath } from '../mysql/routeFixture.ts';

const servers = useServers(import.meta.url);
const secret = (letter: string): string => `whsec_${letter.repeat(32)}`;

const setup = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith({ MYSQL_ADMIN_URI: servers().mysqlUri }, 'setup', ...args);
const json = async (...args: readonly string[]): Promise<CliEnd> => await setup(...args, '--json');

async function secretOf(accountId: number, name = 'default'): Promise<string | null> {
  const [rows] = await servers().mysql.query(
    'SELECT secret FROM Webhook WHERE accountID = ? AND name = ?',
    [accountId, name],
  );
  return (rows as { secret: string | null }[])[0]?.secret ?? null;
}

beforeAll(async () => {
  await loadSchema(servers().mysqlUri, configPath('central-schema.sql'));
});

describe('a secret', () => {
  it('is rotated and retired, with both secrets in use in between', async () => {
    await setup('webhook', '1', '--url', 'https://x.example/', '--secret', secret('a'));
    const rotated = (await json('secret', 'rotate', '1')).json();
    const fresh = String(rotated['secret']);
    expect(rotated).toMatchObject({ accountId: 1, name: 'default', secrets: 2 });
    expect(fresh).toMatch(/^whsec_[A-Za-z\d+/]{43}=$/);
    expect(await secretOf(1)).toBe(`${secret('a')} ${fresh}`);
    const again = await json('secret', 'rotate', '1');
    expect(again.code).toBe(1);
    expect(again.json()['error']).toMatch(/webhook \d+ "default" .* has 2 secrets already: retire/);
    const retired = await json('secret', 'retire', '1');
    expect(retired.json()).toEqual({
      accountId: 1,
      webhookId: rotated['webhookId'],
      name: 'default',
      url: 'https://x.example/',
      secrets: 1,
    });
    expect(await secretOf(1)).toBe(fresh);
    expect((await json('secret', 'retire', '1')).json()['error']).toMatch(/has one secret only/);
    expect(await secretOf(1)).toBe(fresh);
  });

  it('belongs to the default webhook, or to the named one', async () => {
    await setup('webhook', '2', '--url', 'https://one.example/?t=s3cret');
    await setup('webhook', '2', '--url', 'https://two.example/', '--name', 'second');
    const other = (await json('secret', 'rotate', '2', '--webhook', 'default')).json();
    expect(other).toMatchObject({ name: 'default', secrets: 1 });
    expect(await secretOf(2, 'second')).toBeNull();
    const byId = await json('secret', 'rotate', '2', '--webhook', String(other['webhookId']));
    expect(byId.json()).toMatchObject({ name: 'default', secrets: 2 });
    expect((await json('secret', 'rotate', '2')).json()).toMatchObject({ name: 'second' });
    const unknown = await setup('secret', 'rotate', '2', '--webhook', 'third');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(
      /no single webhook "third"; its webhooks are webhook \d+ "default" \(https:\/\/one\.example\/\)/,
    );
    expect(unknown.stderr).not.toContain('s3cret');
    expect((await setup('secret', 'rotate', '99')).stderr).toMatch(/it has no webhooks/);
  });

  it('does not change the webhook of another account', async () => {
    await setup('webhook', '3', '--url', 'https://x.example/');
    const { webhookId } = (await json('webhook', '3', '--name', 'default')).json();
    expect((await setup('secret', 'rotate', '2', '--webhook', String(webhookId))).code).toBe(1);
    expect(await secretOf(3)).toBeNull();
  });

  it('is rotated once by concurrent commands', async () => {
    await setup('webhook', '4', '--url', 'https://x.example/', '--secret', secret('a'));
    const ends = await Promise.all(
      Array.from({ length: 6 }, async () => await json('secret', 'rotate', '4')),
    );
    const done = ends.filter(({ code }) => code === 0);
    expect(done).toHaveLength(1);
    expect(await secretOf(4)).toBe(`${secret('a')} ${String(done[0]?.json()['secret'])}`);
    for (const end of ends.filter(({ code }) => code !== 0)) {
      expect(end.json()['error']).toMatch(/has 2 secrets already/);
    }
  });

  it('is not changed if it is unusable', async () => {
    await setup('webhook', '5', '--url', 'https://x.example/');
    await servers().mysql.query("UPDATE Webhook SET secret = 'plain' WHERE accountID = 5");
    for (const verb of ['rotate', 'retire']) {
      const end = await setup('secret', verb, '5');
      expect(end.stderr).toMatch(/has a secret that can't be used/);
      expect(end.stderr).not.toContain('plain');
    }
  });
});

it('creates one webhook when many commands set it concurrently', async () => {
  const ends = await Promise.all(
    Array.from(
      { length: 6 },
      async (_, index) => await json('webhook', '6', '--url', `https://${index}.example/`),
    ),
  );
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(ends.map(() => [0, '']));
  expect(ends.filter((end) => end.json()['created'] === true)).toHaveLength(1);
});

describe('what is set', () => {
  const shown = async (account: string): Promise<unknown> => (await json('show', account)).json();

  it('is shown, with only the number of secrets', async () => {
    await setup('account', '7', '--enable');
    const url = 'https://u:passw0rd@x.example/h?token=t0ken';
    await setup('webhook', '7', '--url', url, '--secret', secret('a'), '--header', 'X-Key: k3y');
    await setup('webhook', '7', '--url', 'https://two.example/', '--name', 'second');
    const { secret: fresh } = (await json('secret', 'rotate', '7', '--webhook', 'default')).json();
    await setup('flow', '70', '--account', '7', '--enable');
    await setup('flow', '71', '--account', '7', '--disable');
    expect(await shown('7')).toEqual({
      accountId: 7,
      enabled: true,
      setting: 'true',
      webhooks: [
        {
          ...{ webhookId: expect.any(Number), name: 'second', url: 'https://two.example/' },
          ...{ default: true, secrets: 0, headers: [] },
        },
        {
          ...{ webhookId: expect.any(Number), name: 'default', url: 'https://x.example/h' },
          ...{ default: false, secrets: 2, headers: ['X-Key'] },
        },
      ],
      flows: [
        { flowId: 70, name: null, enabled: true },
        { flowId: 71, name: null, enabled: false },
      ],
    });
    const { stdout, code } = await setup('show', '7');
    expect(code).toBe(0);
    expect(stdout).toMatch(/step 2 +default webhook \d+ "second"\nstep 3 +1 of 2 flows enabled/);
    for (const hidden of ['t0ken', 'passw0rd', 'k3y', secret('a'), String(fresh)]) {
      expect(stdout + JSON.stringify(await shown('7'))).not.toContain(hidden);
    }
  });

  it('is empty for an unknown account', async () => {
    expect(await shown('98')).toEqual({
      ...{ accountId: 98, enabled: false, setting: null, webhooks: [], flows: [] },
    });
  });

  it('is also read from settings in rows', async () => {
    await servers().mysql.query('DROP TABLE Accountconfig');
    await loadSchema(servers().mysqlUri, configPath('central-schema.key-value.sql'));
    await setup('account', '7', '--enable');
    expect(await shown('7')).toMatchObject({ enabled: true, setting: 'true' });
    await setup('account', '7', '--disable');
    expect(await shown('7')).toMatchObject({ enabled: false, setting: 'false' });
  });

  it('is not read from other tables', async () => {
    await servers().mysql.query('ALTER TABLE Webhook ADD more INT');
    for (const args of [
      ['show', '7'],
      ['secret', 'rotate', '7'],
      ['secret', 'retire', '7'],
    ]) {
      expect((await setup(...args)).stderr).toMatch(/^Refused because .* has more columns: more/);
    }
  });
});
