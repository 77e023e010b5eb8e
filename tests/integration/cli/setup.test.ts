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

  it('take a setting, and its opposite', async () => {
    expect((await setup('account', '28', '--enable')).json()).toEqual({
      accountId: 28,
      enabled: true,
    });
    await setup('account', '28', '--disable');
    expect(await rowsOf('SELECT * FROM Accountconfig')).toEqual([
      { accountID: 28, 'account.sms.notifyOnDelivery': 'false' },
    ]);
  });

  it('take ids as large as BIGINT, exactly', async () => {
    const id = '9223372036854775807';
    expect((await setup('flow', id, '--account', id, '--enable')).code).toBe(0);
    const sql = `SELECT CAST(flowID AS CHAR) AS flow FROM Flow WHERE accountID = ${id}`;
    expect(await rowsOf(sql)).toEqual([{ flow: id }]);
  });

  it('keep the other webhooks of an account, but for which is the default', async () => {
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

  it.each([
    [
      ['webhook', '28', '--url', 'https://x.example/', '--secret', 'plain'],
      /whsec_ followed by base64/,
    ],
    [['webhook', '28', '--url', 'https://x.example/', '--header', 'Host: x'], /worker's own/],
    [['webhook', '28', '--url', 'https://x.example/', '--header', 'token'], /Header 1/],
  ])('are left alone by %j', async (args, says) => {
    const before = await rowsOf('SELECT * FROM Webhook');
    const end = await setup(...args);
    expect(end.code).toBe(1);
    expect(end.json()['error']).toMatch(says);
    expect(await rowsOf('SELECT * FROM Webhook')).toEqual(before);
  });
});

describe('a user with the rights that the page for operators names', () => {
  it('may do all of it', async () => {
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
    ]) {
      const end = await cliWith({ MYSQL_ADMIN_URI: uri }, 'setup', ...args);
      expect(end).toMatchObject({ code: 0, stderr: '' });
    }
    await mysql.query('DROP USER ?', [user]);
  });
});

describe('settings in rows', () => {
  it('take a setting, and its opposite', async () => {
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
    expect(end.json()['error']).toMatch(/^Refused, as the central database does not have/);
    expect(end.json()['error']).toMatch(says);
  });

  it('are refused for a webhook and a flow as well', async () => {
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
