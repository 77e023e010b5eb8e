import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { mysqlServerOf } from '../../support/mysqlServer.ts';
import type { IntegerId } from '../../../src/domain/ids.ts';
import {
  createMysqlClient,
  type MysqlClient,
  type MysqlOptions,
} from '../../../src/mysql/connect.ts';
import {
  createRouteQuery,
  type QueryFile,
  type RouteQuery,
} from '../../../src/mysql/routeQuery.ts';

/** A file of `config/`. */
export function configPath(name: string): string {
  return fileURLToPath(new URL(`../../../config/${name}`, import.meta.url));
}

export function configQuery(name: string): QueryFile {
  return { text: readFileSync(configPath(name), 'utf8'), file: `config/${name}` };
}

/** For calls that nobody aborts. */
export const never = new AbortController().signal;

/** Makes clients that are closed after the test. */
export function useMysqlClients(): (
  uri: string,
  options?: Partial<MysqlOptions> & { readonly ca?: string | undefined },
) => MysqlClient {
  const clients: MysqlClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
  });
  return (uri, { ca, ...options } = {}) => {
    const server = mysqlServerOf(uri, ca);
    const client = createMysqlClient({ server, poolSize: 2, connectTimeoutMs: 2000, ...options });
    clients.push(client);
    return client;
  };
}

/** A route query of the test's own that selects these expressions, changed where said. */
export function queryReturning(
  client: MysqlClient,
  expressions: Readonly<Record<string, string>>,
): RouteQuery {
  const all = {
    notify_on_delivery: "'true'",
    flow_webhook_enabled: '1',
    webhook_id: '7',
    url: "'https://hooks.example/sms'",
    headers: 'NULL',
    secret: 'NULL',
    ...expressions,
  };
  const columns = Object.entries(all).map(([name, expression]) => `${expression} AS ${name}`);
  const text = `SELECT ${columns.join(', ')} FROM (SELECT :accountId AS id) AS one`;
  return createRouteQuery({ client, file: 'my.sql', text });
}

interface WebhookRow {
  readonly accountId: IntegerId;
  readonly url?: string;
  readonly headers?: string | null;
  readonly secret?: string | null;
  readonly isDefault?: boolean;
}

/** Adds a webhook to the reference schema and tells its id. */
export async function addWebhook(mysql: Connection, row: WebhookRow): Promise<number> {
  const { accountId, url = 'https://hooks.example/sms', headers = null, secret = null } = row;
  const [result] = await mysql.query(
    'INSERT INTO Webhook (accountID, name, url, headers, secret, isDefault) VALUES (?, UUID(), ?, ?, ?, ?)',
    [accountId, url, headers, secret, row.isDefault ?? true],
  );
  if (!('insertId' in result)) throw new Error('nothing was inserted');
  return result.insertId;
}

export async function addFlow(
  mysql: Connection,
  flowId: IntegerId,
  accountId: IntegerId,
  enabled: boolean | null = true,
): Promise<void> {
  await mysql.query('INSERT INTO Flow VALUES (?, ?, ?, ?)', [flowId, accountId, 'flow', enabled]);
}
