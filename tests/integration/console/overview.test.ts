import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CountedSpan } from '../../../src/domain/countedSpan.ts';
import { stateCollections } from '../../../src/mongo/database.ts';

import { ensureStatsIndexes } from '../../../src/mongo/indexes.ts';
import { openOverview } from '../../support/console/overviewPage.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { writeStats } from '../../support/writtenStats.ts';

const e2e = useEndToEnd(import.meta.url);
const state = () => stateCollections(e2e().servers.db);
const opened: ReturnType<typeof openOverview>[] = [];

function open(settings: Readonly<Record<string, string>> = {}): ReturnType<typeof openOverview> {
  const overview = openOverview({ ...e2e().settings, ...settings });
  opened.push(overview);
  return overview;
}

beforeAll(async () => {
  await ensureStatsIndexes(state());
});
beforeEach(async () => {
  const { leases, checkpoints, endpoints, endpointStats, jobs } = state();
  for (const rows of [leases, checkpoints, endpoints, endpointStats, jobs]) {
    await (rows as typeof leases).deleteMany({});
  }
});
afterEach(async () => {
  for (const overview of opened.splice(0)) await overview.close();
});

/** As a worker leaves it that has just read the stream. */
async function letWork(): Promise<void> {
  const now = Date.now();
  const until = new Date(now + 60_000);
  await state().leases.insertOne({ _id: '0', owner: 'host:1', epoch: 1, until });
  const wallTime = new Date(now - 2_000);
  const row = { _id: '0', wallTime, savedAt: wallTime, owner: 'host:1' };
  await state().checkpoints.insertOne(row as never);
}

const start = new Date(Math.floor(Date.now() / 300_000) * 300_000);

function counted(fields: Partial<CountedSpan> = {}): CountedSpan {
  return {
    ...{ id: 'process:1:all', start, of: 'all', accountId: null, webhookId: null, url: null },
    ...{ delivered: 1_234, failed: 7, skipped: 0, calls: 1_241, tookMs: 20_000 },
    ...{ attempts: { '2xx': 1_234, '5xx': 7 }, durations: { '8': 1_241 } },
    ...fields,
  };
}

describe('the verdict', () => {
  it('says that no worker is active', async () => {
    const { status, body } = await open().get('/');
    expect(status).toBe(200);
    expect(body).toContain('It does not work: no worker is active: start one.');
    expect(body).toContain('MySQL answers');
  });

  it('says that it works', async () => {
    await letWork();
    const { body } = await open().get('/');
    expect(body).toContain('It works.');
    expect(body).toContain('host:1');
  });

  it('says that MongoDB does not answer, and what MySQL does', async () => {
    const overview = open({ MONGODB_URI: 'mongodb://127.0.0.1:9/?replicaSet=rs' });
    const { status, body } = await overview.get('/');
    expect(status).toBe(200);
    expect(body).toMatch(/It does not work: MongoDB/);
    expect(body).toContain('MySQL answers');
    expect(body).toContain('is not known while MongoDB does not answer');
    expect(overview.logger.of('console_request_failed')).toEqual([]);
  });

  it('says that MySQL is silent, and asks it once for all that look', async () => {
    await letWork();
    let connections = 0;
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      connections += 1;
      sockets.add(socket);
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const overview = open({ MYSQL_URI: `mysql://notify@127.0.0.1:${port}/central` });
    const pages = await Promise.all([overview.get('/'), overview.get('/overview/live')]);
    pages.push(await overview.get('/overview/live'));
    for (const { body } of pages) {
      expect(body).toContain('MySQL has not answered within 2 s; statuses wait until it answers');
    }
    expect(connections).toBe(1);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('the last hours', () => {
  it('are said to be empty, and why that may be', async () => {
    const { body } = await open().get('/overview/hours?hours=24');
    expect(body).toContain('Nothing happened, or it was not written down');
    expect(body).not.toContain('<svg');
  });

  it('are plotted, with the same figures in a table, and without inline styles', async () => {
    await writeStats(state(), [counted()]);
    const { body } = await open().get('/overview/hours?hours=6');
    expect(body.match(/<svg[^>]*role="img"/g)).toHaveLength(2);
    expect(body).toContain('<td>1,234</td>');
    expect(body).toMatch(/1,234 2xx, 7 5xx/);
    expect(body).not.toMatch(/<style|style=|<script|onload/i);
  });

  it.each(['', '?hours=6', '?hours=168', '?hours=nonsense', '?hours=1e9'])(
    'may be asked for as /%s',
    async (query) => {
      await writeStats(state(), [counted()]);
      const { status, body } = await open().get(`/${query}`);
      expect(status).toBe(200);
      expect(body.match(/aria-current="true"/g)).toHaveLength(1);
    },
  );
});

describe('what is in trouble', () => {
  it('is shown as text, whatever a customer has named it', async () => {
    await letWork();
    await state().endpoints.insertOne({
      ...{ _id: 'key', accountId: 28, webhookId: 7, reason: 'endpoint_gone' },
      ...{ url: 'https://customer.example/<script>alert(1)</script>', disabledAt: new Date() },
    } as never);
    const { body } = await open().get('/overview/live');
    expect(body).toContain('It works; 1 endpoint is not called, 0 notifications wait there.');
    expect(body).toContain('&lt;script&gt;');
    expect(body).not.toContain('<script>alert');
    expect(body).toContain('href="/accounts/28"');
  });

  it('includes endpoints that are slow', async () => {
    const of = {
      accountId: 29,
      webhookId: 8,
      url: 'https://slow.example/',
      of: 'endpoint',
    } as const;
    await writeStats(state(), [
      counted({ ...of, id: 'slow', calls: 20, tookMs: 100_000 }),
      counted({ ...of, id: 'quick', url: 'https://quick.example/', calls: 20, tookMs: 100 }),
    ]);
    const { body } = await open().get('/overview/live');
    expect(body).toContain('https://slow.example/');
    expect(body).toContain('5.0 s');
    expect(body).not.toContain('https://quick.example/');
  });
});

async function letJobRun(fields: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const at = new Date();
  await state().jobs.insertOne({
    ...{ _id: 'replay 0123456789abcdef', kind: 'replay', arguments: { account: '28' } },
    ...{ run: 'run', state: 'running', from: 1, counts: { examined: 5, queued: 3 } },
    ...{ token: 'token', startedAt: at, updatedAt: at, ...fields },
  } as never);
}

it('jobs are listed with how far they are', async () => {
  await letJobRun({ total: 20 });
  const { body } = await open().get('/overview/live');
  expect(body).toContain('5 of 20 examined');
  expect(body).toContain('<progress value="5" max="20">');
});

it('a job whose process has gone is said to be interrupted', async () => {
  await letJobRun({ updatedAt: new Date(Date.now() - 31_000) });
  const { body } = await open().get('/overview/live');
  expect(body).toMatch(/>Resending for account 28<.*>interrupted</s);
});

it('jobs are listed with links', async () => {
  await letJobRun();
  const { body } = await open().get('/overview/live');
  expect(body).toContain('href="/jobs/replay%200123456789abcdef"');
  expect(body).toContain('5 examined');
});

describe('the statistics of an account', () => {
  it('are plotted by endpoint', async () => {
    const of = { accountId: 28, webhookId: 7, of: 'endpoint' } as const;
    await writeStats(state(), [
      counted({ ...of, id: 'a', url: 'https://one.example/' }),
      counted({ ...of, id: 'b', url: 'https://two.example/', webhookId: 8 }),
      counted({ ...of, id: 'c', url: null, webhookId: null, of: 'account', skipped: 3 }),
      counted({ ...of, id: 'd', url: 'https://other.example/', accountId: 29 }),
    ]);
    const { status, body } = await open().get('/accounts/28/statistics?hours=6');
    expect(status).toBe(200);
    expect(body.match(/<svg[^>]*role="img"/g)).toHaveLength(5);
    expect(body).toContain('Webhook 7, https://one.example/');
    expect(body).toContain('Webhook 8, https://two.example/');
    expect(body).toContain('Before it was known which webhook');
    expect(body).not.toContain('other.example');
  });

  it('are said to be empty', async () => {
    const { body } = await open().get('/accounts/28/statistics');
    expect(body).toContain('Nothing of it ended or was called in the last 24 hours.');
  });

  it('are refused for what is no account', async () => {
    const { status, body } = await open().get('/accounts/$ne/statistics');
    expect(status).toBe(409);
    expect(body).toContain('The account must be a number.');
  });
});
