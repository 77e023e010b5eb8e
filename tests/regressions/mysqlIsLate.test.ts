import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createMysqlClient } from '../../src/mysql/connect.ts';
import { mysqlServerOf } from '../support/mysqlServer.ts';
import { checkAtStart } from '../../src/mysql/routeQuery.ts';
import { createHealth } from '../../src/observability/health.ts';
import { untilReady } from '../../src/observability/watchDatabase.ts';
import { createMemoryLogger } from '../support/memoryLogger.ts';
import { useServers } from '../support/servers.ts';
import { listenLocally } from '../support/listenLocally.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { useTroubledRoutes } from '../support/troubledRoutes.ts';
import { until } from '../support/until.ts';

const servers = useServers(import.meta.url);
const routes = useTroubledRoutes(servers);

let proxy: TcpProxy;
beforeEach(async () => {
  proxy = await startTcpProxy(Number(new URL(servers().mysqlUri).port));
});
afterEach(async () => await proxy.close());

function uriThrough(port: number): string {
  return Object.assign(new URL(servers().mysqlUri), { port: String(port) }).href;
}

/** As the worker waits for MySQL when it starts. */
function startWaiting(uri: string) {
  const { query } = routes.start({ uri });
  const health = createHealth();
  const logger = createMemoryLogger();
  const stopping = new AbortController().signal;
  const watch = { component: 'mysql', health, logger, stopping } as const;
  const ready = untilReady(watch, async () => await checkAtStart(query, stopping));
  const waits = async (times: number): Promise<unknown> =>
    await until(`it has waited ${times} times`, () => logger.lines.length >= times, {
      timeoutMs: 60_000,
    });
  return { ready, waits, detail: () => health.ready().components['mysql']?.detail };
}

describe('MySQL that is late', () => {
  it('is waited for while it refuses, naming that, and is used when it is there', async () => {
    await proxy.refuse();
    const { ready, waits, detail } = startWaiting(uriThrough(proxy.port));
    await waits(3);
    expect(detail()).toContain('ECONNREFUSED');
    await proxy.resume();
    await ready;
    expect(detail()).toBe('answers');
  });

  it('is waited for while what stands before it accepts and says nothing', async () => {
    proxy.blackhole();
    const { ready, waits, detail } = startWaiting(uriThrough(proxy.port));
    await waits(2);
    expect(detail()).toContain('ETIMEDOUT');
    await proxy.resume();
    await ready;
  });

  it('is waited for while its name is not known, naming that', async () => {
    const uri = Object.assign(new URL(servers().mysqlUri), { hostname: 'mysql.invalid' }).href;
    const { waits, detail } = startWaiting(uri);
    await waits(2);
    expect(detail()).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it('is waited for while another thing listens in its place', async () => {
    const other = createServer((socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const port = await listenLocally(other);
    const { ready, waits } = startWaiting(uriThrough(port));
    await waits(2);
    await closeServer(other);
    await using lines = await openLines(port);
    expect(lines.open()).toBe(0);
    await ready;
    expect(lines.open()).toBe(1);
  });
});

describe('connections that are dead in silence', () => {
  it('cost what was asked over them one limit, and nothing else', async () => {
    await using lines = await openLines();
    const { find, events } = routes.start({ uri: uriThrough(lines.port), timeoutMs: 3_000 });
    await Promise.all([1, 2, 3].map(async (account) => await find(account)));
    lines.silence();
    const answers = await Promise.all([4, 5, 6, 7, 8].map(async (account) => await find(account)));
    expect(new Set(answers)).toEqual(new Set(['open']));
    expect(events()).toEqual([]);
  });

  it('are found out also where there is no second one to ask over', async () => {
    await using lines = await openLines();
    const client = createMysqlClient({
      server: mysqlServerOf(uriThrough(lines.port)),
      poolSize: 1,
      connectTimeoutMs: 2_000,
    });
    try {
      const limits = { timeoutMs: 500, signal: new AbortController().signal };
      await client.query('SELECT 1', [], limits);
      lines.silence();
      const asked = client.query('SELECT 1', [], limits);
      await expect(asked).rejects.toMatchObject({ code: 'CONNECTION_SILENT' });
      expect((await client.query('SELECT 1', [], limits)).rows).toEqual([[1]]);
    } finally {
      await client.close();
    }
  });
});

describe('a prepared statement that is lost', () => {
  it.each([1243, 1615])('is prepared again, and costs nobody anything: %i', async (errno) => {
    await routes.disturb({ account: 28, errno });
    const { find, events } = routes.start();
    const fixed = servers().mysql.query('DELETE FROM Trouble WHERE SLEEP(0.02) = 0');
    await until('it is answered', async () => (await find(28)) === 'open');
    await fixed;
    expect(events()).not.toContain('mysql_unreachable');
  });
});

async function closeServer(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

/** A way to MySQL whose lines can be made dead in silence, for good; those opened later work. */
async function openLines(port = 0) {
  const lines = new Set<readonly [Socket, Socket]>();
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(servers().mysqlUri).port), '127.0.0.1');
    lines.add([client, upstream]);
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
  });
  return {
    port: await listenLocally(server, port),
    open: () => lines.size,
    silence(): void {
      for (const [client, upstream] of lines) {
        client.unpipe(upstream).pause();
        upstream.unpipe(client).pause();
      }
    },
    async [Symbol.asyncDispose]() {
      for (const line of lines) for (const socket of line) socket.destroy();
      await closeServer(server);
    },
  };
}
