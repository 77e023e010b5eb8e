import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRouteQuery } from '../../../src/mysql/routeQuery.ts';
import { loadSchema, useServers } from '../../support/servers.ts';
import { configPath, configQuery, never, queryReturning, useMysqlClients } from './routeFixture.ts';

const servers = useServers(import.meta.url);
const clientFor = useMysqlClients();
const key = { accountId: 28, flowId: 200, deliveryStatus: 'DELIVERED' };

beforeAll(async () => {
  await loadSchema(servers().mysqlUri, configPath('central-schema.sql'));
});

/** Another database, user or password on the same server. */
function uriWith(changes: Partial<Pick<URL, 'pathname' | 'username' | 'password'>>): string {
  return Object.assign(new URL(servers().mysqlUri), changes).href;
}

describe('run', () => {
  it.each([0, -7, 2 ** 53 - 1, '9007199254740993', '9223372036854775807', '-9223372036854775808'])(
    'sends the id %p as an integer',
    async (accountId) => {
      const query = queryReturning(clientFor(servers().mysqlUri), {
        url: "CONCAT('https://hooks.example/', id, '/', id + 0)",
      });
      expect(await query.run({ ...key, accountId }, never)).toMatchObject({
        webhook: { displayUrl: `https://hooks.example/${accountId}/${accountId}` },
      });
    },
  );

  it('names an endpoint by webhook and whole URL, so that neither can be read from it', async () => {
    const client = clientFor(servers().mysqlUri);
    const keys: string[] = [];
    for (const [id, url] of [
      ['7', 'https://hooks.example/sms?token=secret'],
      ['7', 'https://hooks.example/sms?token=secret'],
      ['7', 'https://hooks.example/sms?token=other'],
      ['8', 'https://hooks.example/sms?token=secret'],
    ]) {
      const query = queryReturning(client, { webhook_id: id ?? '', url: `'${url}'` });
      const route = await query.run(key, never);
      keys.push(route.kind === 'open' ? route.webhook.endpointKey : route.kind);
    }
    for (const each of keys) expect(each).toMatch(/^[\w-]{43}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(3);
  });

  it('reads what columns of other types return', async () => {
    const query = queryReturning(clientFor(servers().mysqlUri), {
      notify_on_delivery: "CAST('TRUE' AS BINARY)",
      flow_webhook_enabled: "CAST('1' AS CHAR)",
      webhook_id: 'CAST(9223372036854775807 AS UNSIGNED)',
      headers: 'CAST(\'{"X-Big": "é☃"}\' AS CHAR)',
    });
    expect(await query.run(key, never)).toMatchObject({
      kind: 'unusable',
      webhookId: '9223372036854775807',
      problem: expect.stringContaining('header 1'),
    });
  });

  it('has an error of the key for more than one row', async () => {
    const text = `SELECT 'true' AS notify_on_delivery, 1 AS flow_webhook_enabled, n AS webhook_id,
      '' AS url, '' AS headers, '' AS secret FROM (SELECT 1 AS n UNION SELECT 2) AS two WHERE :accountId > 0`;
    const client = clientFor(servers().mysqlUri);
    const query = createRouteQuery({ client, text, file: 'my.sql' });
    await expect(query.run(key, never)).rejects.toMatchObject({
      kind: 'key',
      code: 'ROW_INVALID',
      message: 'my.sql must return at most one row, but returns more',
    });
    await expect(query.run({ ...key, accountId: 0 }, never)).resolves.toEqual({
      kind: 'notOptedIn',
    });
  });

  it('has an error of the key for a value of a wrong type, naming column and type', async () => {
    const query = queryReturning(clientFor(servers().mysqlUri), { flow_webhook_enabled: '2' });
    await expect(query.run(key, never)).rejects.toMatchObject({
      kind: 'key',
      message: 'my.sql: flow_webhook_enabled must be 0, 1 or null, but is another number',
    });
  });

  it('has an error of the key for what the server cannot compute, and goes on with the next', async () => {
    const query = queryReturning(clientFor(servers().mysqlUri, { poolSize: 1 }), {
      secret:
        "(SELECT 'a' FROM Flow WHERE id > 5 UNION ALL SELECT NULL UNION ALL SELECT 'b' FROM (SELECT 1) AS x WHERE id > 5)",
    });
    await expect(query.run(key, never)).rejects.toMatchObject({
      kind: 'key',
      code: 'ER_SUBQUERY_NO_1_ROW',
      message: 'MySQL cannot answer my.sql for this key: ER_SUBQUERY_NO_1_ROW',
    });
    expect(await query.run({ ...key, accountId: 1 }, never)).toMatchObject({ kind: 'open' });
  });

  it('gives up after its time, and asks the next question on a new connection', async () => {
    const client = clientFor(servers().mysqlUri, { poolSize: 1 });
    const slow = {
      client,
      text: 'SELECT SLEEP(:accountId) AS url',
      file: 'my.sql',
      timeoutMs: 200,
    };
    await expect(createRouteQuery(slow).run(key, never)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'QUERY_TIMEOUT',
      message: 'MySQL does not answer: no answer within 200 ms (QUERY_TIMEOUT)',
    });
    expect(await queryReturning(client, {}).run(key, never)).toMatchObject({ kind: 'open' });
  });

  it('ends with the reason of its signal', async () => {
    const client = clientFor(servers().mysqlUri, { poolSize: 1 });
    const slow = createRouteQuery({
      client,
      text: 'SELECT SLEEP(:accountId) AS url',
      file: 'my.sql',
    });
    const stop = new AbortController();
    const running = slow.run(key, stop.signal);
    const queued = slow.run(key, stop.signal);
    setTimeout(() => stop.abort(new Error('stopping')), 50);
    await expect(running).rejects.toThrow('stopping');
    await expect(queued).rejects.toThrow('stopping');
    await expect(slow.run(key, stop.signal)).rejects.toThrow('stopping');
    expect(await queryReturning(client, {}).run(key, never)).toMatchObject({ kind: 'open' });
  });
});

describe('check', () => {
  async function problemOf(text: string, uri = servers().mysqlUri): Promise<unknown> {
    const query = createRouteQuery({ client: clientFor(uri), text, file: 'my.sql' });
    return await query.check(never).catch((error: unknown) => error);
  }

  it('names a column that is not returned, although there is no row', async () => {
    const text = configQuery('route.sql').text.replace('w.secret AS secret', 'w.secret AS secrets');
    expect(await problemOf(text)).toMatchObject({
      kind: 'schema',
      message: 'my.sql does not return the column secret',
    });
  });

  it.each([
    ['w.secret', 'w.token', 'ER_BAD_FIELD_ERROR', 'w.token'],
    ['JOIN Flow', 'JOIN Flows', 'ER_NO_SUCH_TABLE', 'Flows'],
    ['WHERE', 'WHEREVER', 'ER_PARSE_ERROR', 'a.accountID'],
  ])('finds %s turned into %s a schema error', async (from, to, code, named) => {
    const problem = await problemOf(configQuery('route.sql').text.replace(from, to));
    expect(problem).toMatchObject({
      kind: 'schema',
      code,
      message: expect.stringContaining(named),
    });
  });

  it('finds an unknown database a schema error', async () => {
    const { text } = configQuery('route.sql');
    expect(await problemOf(text, uriWith({ pathname: '/no_such' }))).toMatchObject({
      kind: 'schema',
      code: 'ER_BAD_DB_ERROR',
    });
  });

  it('finds a query that has rows for everyone a schema error', async () => {
    const text = configQuery('route.sql').text.replace(
      /FROM[^]*/,
      'FROM (SELECT 1 UNION SELECT :accountId) x',
    );
    expect(await problemOf(text.replaceAll(/[afw]\.\S+ AS/g, '1 AS'))).toMatchObject({
      kind: 'schema',
      message: 'my.sql must return at most one row, but returns more',
    });
  });

  it('says when the other shape of the table would fit', async () => {
    const client = clientFor(servers().mysqlUri);
    const alternative = configQuery('route.sql');
    const query = createRouteQuery({ client, ...configQuery('route.key-value.sql'), alternative });
    await expect(query.check(never)).rejects.toMatchObject({
      kind: 'schema',
      message: expect.stringMatching(
        /configKey|configValue.*; config\/route\.sql fits: set MYSQL_ROUTE_QUERY_FILE=config\/route\.sql$/,
      ),
    });
  });

  it('does not say so when that one would not fit either', async () => {
    const client = clientFor(uriWith({ pathname: '/mysql' }));
    const alternative = configQuery('route.key-value.sql');
    const query = createRouteQuery({ client, ...configQuery('route.sql'), alternative });
    await expect(query.check(never)).rejects.toMatchObject({
      kind: 'schema',
      message: expect.not.stringContaining('MYSQL_ROUTE_QUERY_FILE'),
    });
  });
});

describe('the rights of the user', () => {
  const user = `u${randomBytes(6).toString('hex')}`;
  const names = ['a', 'b', 'c'].map((suffix) => user + suffix);

  beforeAll(async () => {
    const { mysql, database } = servers();
    for (const name of names) {
      await mysql.query("CREATE USER ?@'%' IDENTIFIED BY 'p@ss'", [name]);
    }
    for (const table of ['Accountconfig', 'Webhook', 'Flow']) {
      await mysql.query("GRANT SELECT ON ??.?? TO ?@'%'", [database, table, `${user}a`]);
    }
    await mysql.query("GRANT SELECT ON ??.Accountconfig TO ?@'%'", [database, `${user}b`]);
  });

  afterAll(async () => {
    for (const name of names) await servers().mysql.query("DROP USER ?@'%'", [name]);
  });

  async function problemOf(username: string, password = 'p%40ss'): Promise<unknown> {
    const client = clientFor(uriWith({ username, password }));
    const query = createRouteQuery({ client, ...configQuery('route.sql') });
    return await query.check(never).catch((error: unknown) => error);
  }

  it('need be no more than SELECT on the three tables', async () => {
    expect(await problemOf(`${user}a`)).toBeUndefined();
  });

  it.each([
    ['b', 'p%40ss', 'ER_TABLEACCESS_DENIED_ERROR', /'?Flow'?.*; grant SELECT on that table$/],
    ['c', 'p%40ss', 'ER_DBACCESS_DENIED_ERROR', /; grant SELECT on the tables of the route query$/],
    [
      'a',
      'wrong',
      'ER_ACCESS_DENIED_ERROR',
      /; check the user and password in the connection string$/,
    ],
  ])('are too few for user %s with %s: %s', async (name, password, code, message) => {
    const problem = await problemOf(user + name, password);
    expect(problem).toMatchObject({
      kind: 'denied',
      code,
      message: expect.stringMatching(message),
    });
    expect(String(problem)).not.toMatch(/p@ss|p%40ss|wrong/);
  });
});
