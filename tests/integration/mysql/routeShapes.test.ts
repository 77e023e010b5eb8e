import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import type { IntegerId } from '../../../src/domain/ids.ts';
import type { Route } from '../../../src/domain/route.ts';
import { createRouteQuery } from '../../../src/mysql/routeQuery.ts';
import { loadSchema, useServers } from '../../support/servers.ts';
import {
  addFlow,
  addWebhook,
  configPath,
  configQuery,
  never,
  useMysqlClients,
} from './routeFixture.ts';

type OptIn = (mysql: Connection, accountId: IntegerId, setting: string | null) => Promise<void>;

const shapes: [query: string, schemas: string[], optIn: OptIn][] = [
  [
    'route.sql',
    ['central-schema.sql'],
    async (mysql, accountId, setting) => {
      await mysql.query('INSERT INTO Accountconfig VALUES (?, ?)', [accountId, setting]);
    },
  ],
  [
    'route.key-value.sql',
    ['central-schema.key-value.sql', 'central-schema.sql'],
    async (mysql, accountId, setting) => {
      const rows = [
        [accountId, 'account.sms.notifyOnDelivery', setting],
        [accountId, 'account.sms.notifyOnDelivery.more', 'true'],
        [accountId, 'account.email.notifyOnDelivery', 'true'],
      ];
      await mysql.query('INSERT INTO Accountconfig VALUES ?', [rows]);
    },
  ],
  [
    'route.per-status.sql',
    ['central-schema.sql', 'central-schema.per-status.sql'],
    async (mysql, accountId, setting) => {
      await mysql.query('INSERT INTO Accountconfig VALUES (?, ?)', [accountId, setting]);
    },
  ],
];

describe.each(shapes)('%s', (queryName, schemas, optIn) => {
  const servers = useServers(import.meta.url);
  const clientFor = useMysqlClients();

  beforeAll(async () => {
    for (const schema of schemas) await loadSchema(servers().mysqlUri, configPath(schema));
  });

  async function routeOf(accountId: IntegerId, flowId: IntegerId): Promise<Route> {
    const query = createRouteQuery({
      client: clientFor(servers().mysqlUri),
      ...configQuery(queryName),
    });
    return await query.run({ accountId, flowId, deliveryStatus: 'DELIVERED' }, never);
  }

  it('fits its schema', async () => {
    const query = createRouteQuery({
      client: clientFor(servers().mysqlUri),
      ...configQuery(queryName),
    });
    await expect(query.check(never)).resolves.toBeUndefined();
    expect(query.usesDeliveryStatus).toBe(queryName === 'route.per-status.sql');
  });

  it.each<[IntegerId, IntegerId]>([
    [28, 200],
    [-28, -200],
    [2 ** 53 - 1, 1],
    ['9223372036854775806', '9223372036854775806'],
    ['9223372036854775807', '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
  ])('finds the webhook of account %p and flow %p', async (accountId, flowId) => {
    const { mysql } = servers();
    await optIn(mysql, accountId, ' True ');
    await addFlow(mysql, flowId, accountId);
    await addWebhook(mysql, { accountId, url: 'https://other.example/', isDefault: false });
    const webhookId = await addWebhook(mysql, { accountId, headers: '{"X-Key": "k"}' });
    expect(await routeOf(accountId, flowId)).toMatchObject({
      kind: 'open',
      webhook: { webhookId, headers: { 'x-key': 'k' }, displayUrl: 'https://hooks.example/sms' },
    });
  });

  it('has no row for an account without configuration', async () => {
    await addFlow(servers().mysql, 300, 30);
    await addWebhook(servers().mysql, { accountId: 30 });
    expect(await routeOf(30, 300)).toEqual({ kind: 'notOptedIn' });
  });

  it.each([
    [31, null],
    [32, 'false'],
    [33, ''],
  ])('is a no for account %p, whose setting is %j', async (accountId, setting) => {
    const { mysql } = servers();
    await optIn(mysql, accountId, setting);
    await addFlow(mysql, accountId * 10, accountId);
    await addWebhook(mysql, { accountId });
    expect(await routeOf(accountId, accountId * 10)).toEqual({ kind: 'notOptedIn' });
  });

  it('has no default webhook where none is the default, or only another account has one', async () => {
    const { mysql } = servers();
    await optIn(mysql, 34, 'true');
    await addFlow(mysql, 340, 34);
    expect(await routeOf(34, 340)).toEqual({ kind: 'missing', reason: 'no_default_webhook' });
    await addWebhook(mysql, { accountId: 34, isDefault: false });
    expect(await routeOf(34, 340)).toEqual({ kind: 'missing', reason: 'no_default_webhook' });
  });

  it('has the webhook disabled for a flow that is off, null, missing or of another account', async () => {
    const { mysql } = servers();
    for (const accountId of [35, 36]) {
      await optIn(mysql, accountId, 'true');
      await addWebhook(mysql, { accountId });
    }
    await addFlow(mysql, 350, 35, false);
    await addFlow(mysql, 351, 35, null);
    await addFlow(mysql, 360, 36);
    for (const flowId of [350, 351, 352, 360]) {
      expect(await routeOf(35, flowId)).toEqual({
        kind: 'missing',
        reason: 'flow_webhook_disabled',
      });
    }
    expect(await routeOf(36, 360)).toMatchObject({ kind: 'open' });
  });
});

describe('the reference schema', () => {
  const servers = useServers(import.meta.url);

  it.each(['central-schema.sql', 'central-schema.per-status.sql'])(
    'can load %s again',
    async (schema) => {
      const path = configPath(schema);
      await loadSchema(servers().mysqlUri, path);
      await expect(loadSchema(servers().mysqlUri, path)).resolves.toBeUndefined();
    },
  );

  it('allows one default webhook per account, and any number of others', async () => {
    const { mysql } = servers();
    const first = await addWebhook(mysql, { accountId: 40 });
    for (const isDefault of [false, false]) await addWebhook(mysql, { accountId: 40, isDefault });
    await addWebhook(mysql, { accountId: 41 });
    await expect(addWebhook(mysql, { accountId: 40 })).rejects.toMatchObject({
      code: 'ER_DUP_ENTRY',
    });
    await mysql.query('UPDATE Webhook SET isDefault = 0 WHERE webhookID = ?', [first]);
    await addWebhook(mysql, { accountId: 40 });
    const setDefault = mysql.query('UPDATE Webhook SET isDefault = 1 WHERE webhookID = ?', [first]);
    await expect(setDefault).rejects.toMatchObject({ code: 'ER_DUP_ENTRY' });
  });
});

describe('tables without the keys of the reference schema', () => {
  const servers = useServers(import.meta.url);
  const clientFor = useMysqlClients();

  async function routeBy(queryName: string): Promise<Route> {
    const query = createRouteQuery({
      client: clientFor(servers().mysqlUri),
      ...configQuery(queryName),
    });
    return await query.run({ accountId: 28, flowId: 200, deliveryStatus: 'FAILED' }, never);
  }

  beforeAll(async () => {
    await servers().mysql.query(`
      CREATE TABLE Flow (flowID INT, accountID INT, webhookEnabled BIT(1));
      INSERT INTO Flow VALUES (200, 28, 1), (200, 28, 1);
      CREATE TABLE Webhook (webhookID VARCHAR(20), accountID INT UNSIGNED, isDefault INT,
        url TEXT, headers TEXT, secret VARBINARY(100));
      INSERT INTO Webhook VALUES ('b', 28, 1, 'https://b.example', '', NULL),
        ('a', 28, 1, 'https://a.example', '{"a":1}', '');
      CREATE TABLE WebhookByStatus (accountID INT, deliveryStatus TEXT, webhookID VARCHAR(20));
      INSERT INTO WebhookByStatus VALUES (28, 'FAILED', 'b'), (28, 'FAILED', 'b')`);
  });

  it('give one row, the same every time', async () => {
    await servers().mysql.query(`
      CREATE TABLE Accountconfig (accountID INT, \`account.sms.notifyOnDelivery\` TEXT);
      INSERT INTO Accountconfig VALUES (28, 'true'), (28, 'true')`);
    expect(await routeBy('route.sql')).toMatchObject({ kind: 'open', webhook: { webhookId: 'a' } });
    expect(await routeBy('route.per-status.sql')).toMatchObject({ webhook: { webhookId: 'b' } });
    await servers().mysql.query("INSERT INTO Accountconfig VALUES (28, 'false')");
    expect(await routeBy('route.sql')).toEqual({ kind: 'notOptedIn' });
    expect(await routeBy('route.per-status.sql')).toEqual({ kind: 'notOptedIn' });
  });

  it.each([
    [[['account.sms.notifyondelivery', 'true']], 'open'],
    [
      [
        ['ACCOUNT.SMS.NOTIFYONDELIVERY', 'false'],
        ['account.sms.notifyOnDelivery', 'true'],
      ],
      'open',
    ],
    [
      [
        ['account.sms.notifyOnDelivery', 'false'],
        ['Account.Sms.NotifyOnDelivery', 'true'],
      ],
      'notOptedIn',
    ],
    [
      [
        ['account.sms.notifyOnDelivery', 'true'],
        ['account.sms.notifyOnDelivery', 'false'],
      ],
      'notOptedIn',
    ],
    [
      [
        ['account.sms.notifyOnDelivery', 'true'],
        ['account.sms.notifyOnDelivery', null],
      ],
      'notOptedIn',
    ],
  ])('give one row for the settings %j', async (settings, kind) => {
    await servers().mysql.query(`
      DROP TABLE IF EXISTS Accountconfig;
      CREATE TABLE Accountconfig (accountID INT, configKey VARCHAR(99), configValue TEXT)
        CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
    const rows = settings.map(([key, value]) => [28, key, value]);
    await servers().mysql.query('INSERT INTO Accountconfig VALUES ?', [rows]);
    expect(await routeBy('route.key-value.sql')).toMatchObject({ kind });
  });
});

describe('a webhook per status', () => {
  const servers = useServers(import.meta.url);
  const clientFor = useMysqlClients();

  async function webhookFor(deliveryStatus: string): Promise<unknown> {
    const client = clientFor(servers().mysqlUri);
    const query = createRouteQuery({ client, ...configQuery('route.per-status.sql') });
    const route = await query.run({ accountId: 28, flowId: 200, deliveryStatus }, never);
    return route.kind === 'open' ? route.webhook.webhookId : route;
  }

  it('goes before the default one for exactly that status, if it is of the same account', async () => {
    const { mysql, mysqlUri } = servers();
    for (const name of ['central-schema.sql', 'central-schema.per-status.sql']) {
      await loadSchema(mysqlUri, configPath(name));
    }
    await mysql.query("INSERT INTO Accountconfig VALUES (28, 'true')");
    await addFlow(mysql, 200, 28);
    const alone = await addWebhook(mysql, { accountId: 28, isDefault: false });
    const foreign = await addWebhook(mysql, { accountId: 29 });
    const odd = String.raw`it's "odd" \ ☃ \' OR 1=1 -- `;
    await mysql.query('INSERT INTO WebhookByStatus VALUES ?', [
      [
        [28, 'FAILED', alone],
        [28, 'REJECTED', foreign],
        [28, 'GONE', 9999],
        [28, odd, alone],
        [29, 'SENT', foreign],
      ],
    ]);
    const none = { kind: 'missing', reason: 'no_default_webhook' };
    expect(await webhookFor('FAILED')).toBe(alone);
    expect(await webhookFor('DELIVERED')).toEqual(none);
    const usual = await addWebhook(mysql, { accountId: 28 });
    for (const status of ['FAILED', odd]) expect(await webhookFor(status)).toBe(alone);
    for (const status of ['DELIVERED', 'failed', 'REJECTED', 'GONE', 'SENT', "' OR ''='", '\\']) {
      expect(await webhookFor(status)).toBe(usual);
    }
  });
});
