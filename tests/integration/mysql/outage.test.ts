import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import type { RouteLookup } from '../../../src/domain/route.ts';
import { createRouteCache } from '../../../src/mysql/routeCache.ts';
import { createRouteQuery } from '../../../src/mysql/routeQuery.ts';
import { delay } from '../../../src/runtime/abort.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { loadSchema, mysqlConnectionFor, startMysql } from '../../support/servers.ts';
import { until } from '../../support/until.ts';
import {
  addFlow,
  addWebhook,
  configPath,
  configQuery,
  never,
  useMysqlClients,
} from './routeFixture.ts';

/** Servers of its own, started and killed. */
jest.setTimeout(60_000);

type Server = Awaited<ReturnType<typeof startMysql>>;

const clientFor = useMysqlClients();
const keyOf = (flowId: number) => ({ accountId: 28, flowId, deliveryStatus: 'DELIVERED' });
const flowIds = [200, 201, 202, 203];

let server: Server;
beforeEach(async () => {
  server = await startMysql({ args: ['--max-connections=10', '--sql-mode=NO_BACKSLASH_ESCAPES'] });
  for (const schema of ['central-schema.sql', 'central-schema.per-status.sql']) {
    await loadSchema(server.uri, configPath(schema));
  }
  await withRoot(async (mysql) => {
    await mysql.query("INSERT INTO Accountconfig VALUES (28, 'true')");
    await addWebhook(mysql, { accountId: 28 });
    for (const flowId of flowIds) await addFlow(mysql, flowId, 28);
  });
});
afterEach(async () => {
  await server.close();
});

async function withRoot(task: (mysql: Connection) => Promise<void>): Promise<void> {
  const mysql = await mysqlConnectionFor(server.uri);
  await task(mysql);
  await mysql.end();
}

/** A cache without memory before the server, so that every answer is the server's. */
function start({ timeoutMs = 5000, ttlMs = 0, staleMs = 0 } = {}) {
  const client = clientFor(server.uri, { connectTimeoutMs: timeoutMs });
  const query = createRouteQuery({ client, timeoutMs, ...configQuery('route.sql') });
  const logger = createMemoryLogger();
  const cache = createRouteCache({
    lookup: query.run,
    check: query.check,
    slots: 2,
    usesDeliveryStatus: query.usesDeliveryStatus,
    ...{ ttlMs, staleMs, size: 100, delay, logger },
    metrics: { routeLookup: () => undefined },
  });
  const find = async (flowId: number): Promise<RouteLookup> =>
    await cache.find(keyOf(flowId), never);
  return { client, query, logger, find };
}

const allOpen = flowIds.map(() => expect.objectContaining({ kind: 'open' }));

describe('a killed server', () => {
  it('is unavailable, is waited for, and answers again once it is back', async () => {
    const { query, logger, find } = start();
    expect(await find(200)).toMatchObject({ kind: 'open' });
    await server.kill();
    await expect(query.check(never)).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(query.run(keyOf(200), never)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const waiting = Promise.all(flowIds.map(find));
    await until('the outage is logged', () => logger.of('mysql_unreachable').length === 1);
    await server.start();
    expect(await waiting).toEqual(allOpen);
    await expect(query.check(never)).resolves.toBeUndefined();
    expect(logger.lines.map(({ event }) => event)).toEqual([
      'mysql_unreachable',
      'mysql_recovered',
    ]);
  });

  it('leaves what is known in use', async () => {
    const { logger, find } = start({ staleMs: 60_000 });
    const known = await find(200);
    await server.kill();
    expect(await find(200)).toBe(known);
    expect(await find(200)).toBe(known);
    expect(logger.of('route_cache_stale')).toHaveLength(1);
  });
});

describe('a hung server', () => {
  it('is unavailable after the timeout, and answers again once it goes on', async () => {
    const { query, logger, find } = start({ timeoutMs: 300 });
    expect(await Promise.all(flowIds.map(find))).toEqual(allOpen);
    await server.pause();
    await expect(query.run(keyOf(200), never)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'QUERY_TIMEOUT',
    });
    const waiting = Promise.all(flowIds.map(find));
    await until('the outage is logged', () => logger.of('mysql_unreachable').length === 1);
    server.resume();
    expect(await waiting).toEqual(allOpen);
  });

  it('does not keep the client from closing', async () => {
    const { client, query } = start({ timeoutMs: 500 });
    await query.check(never);
    await server.pause();
    const asked = query.check(never).catch((error: unknown) => error);
    await client.close();
    expect(await asked).toMatchObject({ kind: 'unavailable' });
    await expect(query.check(never)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('a server that lives', () => {
  it('may cut off idle connections', async () => {
    const { query } = start();
    await Promise.all(flowIds.map(async (flowId) => await query.run(keyOf(flowId), never)));
    await withRoot(async (mysql) => {
      const others =
        'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()';
      const [rows] = await mysql.query(`${others} AND DB = 'central'`);
      expect(rows).toHaveLength(2);
      for (const { id } of rows as { id: number }[]) await mysql.query('KILL ?', [id]);
      await until('they are gone', async () => {
        const [left] = await mysql.query(`${others} AND DB = 'central'`);
        return Array.isArray(left) && left.length === 0;
      });
    });
    await until('asking works', async () => {
      await query.check(never);
      return true;
    });
  });

  it('may have no connection left', async () => {
    const { query } = start();
    await withRoot(async (mysql) => {
      await mysql.query('CREATE USER reader; GRANT SELECT ON central.* TO reader');
    });
    const uri = server.uri.replace('root', 'reader');
    const many = await Promise.all(
      Array.from({ length: 10 }, async () => await mysqlConnectionFor(uri)),
    );
    const asReader = createRouteQuery({ client: clientFor(uri), ...configQuery('route.sql') });
    await expect(asReader.check(never)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'ER_CON_COUNT_ERROR',
    });
    for (const connection of many) await connection.end();
    await until('asking works', async () => {
      await asReader.check(never);
      await query.check(never);
      return true;
    });
  });

  it('may take a backslash for an ordinary character', async () => {
    const status = "it's \\' OR 1=1 -- \\";
    const perStatus = createRouteQuery({
      client: clientFor(server.uri),
      ...configQuery('route.per-status.sql'),
    });
    const webhookFor = async (deliveryStatus: string): Promise<unknown> =>
      await perStatus.run({ ...keyOf(200), deliveryStatus }, never);
    await withRoot(async (mysql) => {
      const own = await addWebhook(mysql, { accountId: 28, isDefault: false });
      await mysql.execute('INSERT INTO WebhookByStatus VALUES (28, ?, ?)', [status, own]);
      expect(await webhookFor(status)).toMatchObject({ webhook: { webhookId: own } });
      expect(await webhookFor(`${status}\\`)).toMatchObject({ webhook: { webhookId: 1 } });
    });
  });
});
