import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Route } from '../../src/domain/route.ts';
import { createRouteQuery } from '../../src/mysql/routeQuery.ts';
import {
  addFlow,
  addWebhook,
  configPath,
  configQuery,
  never,
  useMysqlClients,
} from '../integration/mysql/routeFixture.ts';
import { loadSchema, useServers } from '../support/servers.ts';

/** MySQL's collations, padding and casts had a webhook called for a status, account or flow of another. */

const servers = useServers(import.meta.url);
const clientFor = useMysqlClients();

async function routeBy(
  queryName: string,
  { accountId = 28, flowId = 200, deliveryStatus = 'FAILED' } = {},
): Promise<Route> {
  const client = clientFor(servers().mysqlUri);
  const query = createRouteQuery({ client, ...configQuery(queryName) });
  await query.check(never);
  return await query.run({ accountId, flowId, deliveryStatus }, never);
}

const webhookOf = (route: Route): unknown =>
  route.kind === 'open' ? route.webhook.webhookId : route;

describe('a webhook per status', () => {
  let usual: number;
  let alone: number;

  beforeAll(async () => {
    const { mysql, mysqlUri } = servers();
    for (const name of ['central-schema.sql', 'central-schema.per-status.sql']) {
      await loadSchema(mysqlUri, configPath(name));
    }
    await mysql.query("INSERT INTO Accountconfig VALUES (28, 'true')");
    await addFlow(mysql, 200, 28);
    usual = await addWebhook(mysql, { accountId: 28 });
    alone = await addWebhook(mysql, { accountId: 28, isDefault: false });
  });

  it.each([
    ['the reference table', 'VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'],
    ['no notice of case', 'VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci'],
    ['no notice of accents', 'VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci'],
    ['another character set', 'VARCHAR(190) CHARACTER SET latin1'],
    ['bytes', 'VARBINARY(190)'],
  ])('is for the status of the same bytes: %s', async (_what, type) => {
    const { mysql } = servers();
    await mysql.query(`ALTER TABLE WebhookByStatus MODIFY deliveryStatus ${type} NOT NULL`);
    for (const status of ['FAILED', 'ÉCHOUÉ', 'EXPIRED ']) {
      await mysql.query('DELETE FROM WebhookByStatus');
      await mysql.query('INSERT INTO WebhookByStatus VALUES (28, ?, ?)', [status, alone]);
      const route = await routeBy('route.per-status.sql', { deliveryStatus: status });
      expect([status, webhookOf(route)]).toEqual([status, alone]);
      const others = [
        ...[`${status} `, `${status}\t`, `${status}\0`, ` ${status}`, status.trim().toLowerCase()],
        ...['FÀILED', 'ＦＡＩＬＥＤ', 'ECHOUE', 'EXPIRED', 'FAIL\u00adED', 'FAILED\u200b'],
      ];
      for (const deliveryStatus of others) {
        const other = await routeBy('route.per-status.sql', { deliveryStatus });
        expect([deliveryStatus, webhookOf(other)]).toEqual([deliveryStatus, usual]);
      }
    }
  });
});

describe.each([
  ['route.sql', '`account.sms.notifyOnDelivery` VARCHAR(9)', "'true'"],
  ['route.per-status.sql', '`account.sms.notifyOnDelivery` VARCHAR(9)', "'true'"],
  [
    'route.key-value.sql',
    'configKey VARCHAR(99), configValue VARCHAR(9)',
    "'account.sms.notifyOnDelivery', 'true'",
  ],
])('ids that a copy of the schema has as text, by %s', (queryName, columns, values) => {
  beforeEach(async () => {
    const { mysql } = servers();
    await mysql.query(`DROP TABLE IF EXISTS Accountconfig, Flow, Webhook, WebhookByStatus;
      CREATE TABLE Accountconfig (accountID VARCHAR(20), ${columns});
      CREATE TABLE Flow (flowID VARCHAR(20), accountID VARCHAR(20), webhookEnabled INT);
      CREATE TABLE Webhook (webhookID INT, accountID VARCHAR(20), isDefault INT, url TEXT, headers TEXT, secret TEXT);
      CREATE TABLE WebhookByStatus (accountID VARCHAR(20), deliveryStatus TEXT, webhookID INT)`);
  });

  async function insert(account: string, flow: string): Promise<void> {
    const { mysql } = servers();
    await mysql.query(`INSERT INTO Accountconfig VALUES (?, ${values})`, [account]);
    await mysql.query('INSERT INTO Flow VALUES (?, ?, 1)', [flow, account]);
    await mysql.query("INSERT INTO Webhook VALUES (7, ?, 1, 'https://x.example/', NULL, NULL)", [
      account,
    ]);
  }

  it('are found', async () => {
    await insert('28', '200');
    expect(webhookOf(await routeBy(queryName))).toBe(7);
  });

  it.each(['28abc', '28.0', ' 28', '28e0', '028'])('do not take %j for 28', async (account) => {
    await insert(account, '200');
    expect(await routeBy(queryName)).toEqual({ kind: 'notOptedIn' });
  });

  it('do not take a flow for another', async () => {
    await insert('28', '200abc');
    expect(await routeBy(queryName)).toEqual({ kind: 'missing', reason: 'flow_webhook_disabled' });
  });
});

describe('ids of other types of number', () => {
  it.each(['BIGINT', 'INT(10) ZEROFILL', 'DECIMAL(20, 2)', 'DOUBLE', 'BIGINT UNSIGNED'])(
    '%s are found as before',
    async (type) => {
      const { mysql } = servers();
      await mysql.query(`DROP TABLE IF EXISTS Accountconfig, Flow, Webhook;
        CREATE TABLE Accountconfig (accountID ${type}, \`account.sms.notifyOnDelivery\` TEXT);
        CREATE TABLE Flow (flowID ${type}, accountID ${type}, webhookEnabled INT);
        CREATE TABLE Webhook (webhookID INT, accountID ${type}, isDefault INT, url TEXT, headers TEXT, secret TEXT);
        INSERT INTO Accountconfig VALUES (28, 'true');
        INSERT INTO Flow VALUES (200, 28, 1);
        INSERT INTO Webhook VALUES (7, 28, 1, 'https://x.example/', NULL, NULL)`);
      expect(webhookOf(await routeBy('route.sql'))).toBe(7);
    },
  );

  it('are found by their keys', async () => {
    const { mysql, mysqlUri } = servers();
    await mysql.query('DROP TABLE IF EXISTS Accountconfig, Flow, Webhook');
    await loadSchema(mysqlUri, configPath('central-schema.sql'));
    await mysql.query(`INSERT INTO Accountconfig VALUES (1, 'true'), (2, 'true'), (28, 'true');
      INSERT INTO Flow VALUES (1, 1, NULL, 1), (200, 28, NULL, 1), (3, 1, NULL, 1)`);
    await addWebhook(mysql, { accountId: 28 });
    const sql = configQuery('route.sql')
      .text.replaceAll(':accountId', '28')
      .replaceAll(':flowId', '200');
    const [plan] = await mysql.query(`EXPLAIN ${sql.replace(/;\s*$/, '')}`);
    const types = (plan as { type: string }[]).map(({ type }) => type);
    expect(types).toHaveLength(3);
    expect(types).not.toContain('ALL');
  });
});
