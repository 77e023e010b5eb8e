import { readFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cliWith, type CliEnd } from '../../support/cli.ts';
import { loadSchema, useServers } from '../../support/servers.ts';
import { configPath } from '../mysql/routeFixture.ts';

const servers = useServers(import.meta.url);
const tables = ['Accountconfig', 'Webhook', 'Flow'] as const;

const setup = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith({ MYSQL_ADMIN_URI: servers().mysqlUri }, 'setup', ...args, '--json');

async function rowsOf(sql: string): Promise<unknown> {
  const [rows] = await servers().mysql.query(sql);
  return rows;
}

async function drop(): Promise<void> {
  for (const table of tables) await servers().mysql.query(`DROP TABLE IF EXISTS ${table}`);
}

describe('the reference tables', () => {
  beforeAll(async () => {
    await drop();
    await loadSchema(servers().mysqlUri, configPath('central-schema.sql'));
  });

  it('accept a setting, and its opposite', async () => {
    expect((await setup('account', '28', '--enable')).json()).toEqual({
      accountId: 28,
      enabled: true,
    });
    await setup('account', '28', '--disable');
    expect(await rowsOf('SELECT * FROM Accountconfig')).toEqual([
      { accountID: 28, 'account.sms.notifyOnDelivery': 'false' },
    ]);
  });

  it('accept ids up to BIGINT, exactly', async () => {
    const id = '9223372036854775807';
    expect((await setup('flow', id, '--account', id, '--enable')).code).toBe(0);
    const sql = `SELECT CAST(flowID AS CHAR) AS flow FROM Flow WHERE accountID = ${id}`;
    expect(await rowsOf(sql)).toEqual([{ flow: id }]);
  });

  it('keep the other webhooks of an account, which only lose the default', async () => {
    await setup(
      'webhook',
      '28',
      '--url',
      'https://one.example/',
      '--secret',
      `whsec_${'a'.repeat(32)}`,
    );
    await setup('webhook', '28', '--url', 'https://two.example/', '--name', 'second');
    await setup('webhook', '29', '--url', 'https://other.example/');
    const sql = 'SELECT name, url, isDefault FROM Webhook ORDER BY webhookID';
    expect(await rowsOf(sql)).toEqual([
      { name: 'default', url: 'https://one.example/', isDefault: 0 },
      { name: 'second', url: 'https://two.example/', isDefault: 1 },
      { name: 'default', url: 'https://other.example/', isDefault: 1 },
    ]);
    await setup('webhook', '28', '--url', 'https://one.example/', '--secret', 'none');
    expect(await rowsOf('SELECT secret FROM Webhook WHERE isDefault AND accountID = 28')).toEqual([
      { secret: null },
    ]);
  });

  it('keep the URL of a webhook with its query when none is given, and name the replaced default', async () => {
    const url = 'https://kept.example/hook?token=s3cret';
    const first = await setup('webhook', '33', '--url', url);
    expect(first.json()).toMatchObject({ created: true, replaces: null });
    const second = await setup('webhook', '33', '--url', 'https://b.example/', '--name', 'second');
    expect(second.json()).toMatchObject({
      replaces: { webhookId: first.json()['webhookId'], name: 'default' },
    });
    const again = await setup('webhook', '33', '--header', 'X-Team: sms');
    expect(again.json()).toEqual({
      accountId: 33,
      webhookId: first.json()['webhookId'],
      name: 'default',
      url: 'https://kept.example/hook',
      created: false,
      replaces: {
        webhookId: second.json()['webhookId'],
        name: 'second',
        url: 'https://b.example/',
      },
      secret: null,
    });
    expect(JSON.stringify([first, second, again])).not.toContain('s3cret');
    expect(
      await rowsOf("SELECT url FROM Webhook WHERE accountID = 33 AND name = 'default'"),
    ).toEqual([{ url }]);
    const text = await cliWith(
      { MYSQL_ADMIN_URI: servers().mysqlUri },
      ...['setup', 'webhook', '33', '--name', 'second'],
    );
    expect(text.stdout).toMatch(
      /replaces +webhook \d+ "default" \(https:\/\/kept\.example\/hook\),/,
    );
    expect(text.stdout).toMatch(/url +https:\/\/b\.example\/, unchanged/);
  });

  it('need a URL for a new webhook', async () => {
    const end = await setup('webhook', '34', '--header', 'X-Team: sms');
    expect(end).toMatchObject({ code: 1 });
    expect(end.json()['error']).toMatch(/no webhook "default" yet: specify its URL with --url/);
    expect(await rowsOf('SELECT * FROM Webhook WHERE accountID = 34')).toEqual([]);
  });

  it.each([
    [
      ['webhook', '28', '--url', 'https://x.example/', '--secret', 'plain'],
      /whsec_ followed by base64/,
    ],
    [
      ['webhook', '28', '--url', 'https://x.example/', '--header', 'Host: x'],
      /is set by the worker/,
    ],
    [['webhook', '28', '--url', 'https://x.example/', '--header', 'token'], /Header 1/],
  ])('are left alone by %j', async (args, says) => {
    const before = await rowsOf('SELECT * FROM Webhook');
    const end = await setup(...args);
    expect(end.code).toBe(1);
    expect(end.json()['error']).toMatch(says);
    expect(await rowsOf('SELECT * FROM Webhook')).toEqual(before);
  });
});

describe('a user with the documented privileges', () => {
  it('may perform all setup commands', async () => {
    const { mysql, mysqlUri, database } = servers();
    const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
    const granted = [
      ...page.matchAll(/^GRANT SELECT, INSERT, UPDATE ON central\.(\w+) TO 'notify_admin'@'%';$/gm),
    ].map(([, table = '']) => table);
    expect(granted).toEqual([...tables]);
    const user = `admin-${database.slice(-24)}`;
    await mysql.query("CREATE USER ? IDENTIFIED BY 'pass'", [user]);
    for (const table of granted) {
      await mysql.query('GRANT SELECT, INSERT, UPDATE ON ??.?? TO ?', [database, table, user]);
    }
    const uri = mysqlUri.replace(/\/\/[^@]*@/, `//${user}:pass@`);
    for (const args of [
      ['account', '31', '--enable'],
      ['webhook', '31', '--url', 'https://one.example/'],
      ['webhook', '31', '--url', 'https://two.example/', '--name', 'second'],
      ['flow', '310', '--account', '31', '--enable'],
      ['flow', '310', '--account', '31', '--disable'],
      ['secret', 'rotate', '31'],
      ['show', '31'],
    ]) {
      const end = await cliWith({ MYSQL_ADMIN_URI: uri }, 'setup', ...args);
      expect(end).toMatchObject({ code: 0, stderr: '' });
    }
    await mysql.query('DROP USER ?', [user]);
  });
});

describe('settings in rows', () => {
  it('accept a setting, and its opposite', async () => {
    await drop();
    await loadSchema(servers().mysqlUri, configPath('central-schema.key-value.sql'));
    await setup('account', '28', '--enable');
    await setup('account', '28', '--disable');
    expect(await rowsOf('SELECT * FROM Accountconfig')).toEqual([
      { accountID: 28, configKey: 'account.sms.notifyOnDelivery', configValue: 'false' },
    ]);
  });
});

describe('other tables', () => {
  beforeEach(drop);

  it.each([
    ['that are missing', 'SELECT 1', /there is no table Accountconfig/],
    [
      'without the setting',
      'CREATE TABLE Accountconfig (accountID BIGINT PRIMARY KEY, value TEXT)',
      /has no account\.sms\.notifyOnDelivery/,
    ],
    [
      'with more columns',
      'CREATE TABLE Accountconfig (accountID BIGINT PRIMARY KEY, `account.sms.notifyOnDelivery` TEXT, changedBy TEXT)',
      /has more columns: changedBy/,
    ],
    [
      'without the key',
      'CREATE TABLE Accountconfig (accountID BIGINT, configKey VARCHAR(99), configValue TEXT)',
      /Accountconfig has no/,
    ],
  ])('are refused: those %s', async (_what, sql, says) => {
    await servers().mysql.query(sql);
    const end = await setup('account', '28', '--enable');
    expect(end.code).toBe(1);
    expect(end.json()['error']).toMatch(/^Refused because the central database does not have/);
    expect(end.json()['error']).toMatch(says);
  });

  it('are also refused for a webhook and a flow', async () => {
    await servers().mysql.query('CREATE TABLE Webhook (id BIGINT); CREATE TABLE Flow (id BIGINT)');
    expect((await setup('webhook', '28', '--url', 'https://x.example/')).code).toBe(1);
    expect((await setup('flow', '200', '--account', '28', '--enable')).code).toBe(1);
  });
});

describe('one JSON value', () => {
  it.each([
    [['--help'], 0],
    [['setup', '--help'], 0],
    [['--version'], 0],
    [['setup'], 2],
    [['setup', 'account'], 2],
    [[], 2],
    [['nonsense'], 2],
  ])('is all that %j prints', async (args, code) => {
    const end = await cliWith({}, ...args, '--json');
    expect(end.code).toBe(code);
    expect(Object.keys(end.json())).toEqual([code === 0 ? 'text' : 'error']);
  });
});
