import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CountedSpan } from '../../../src/domain/countedSpan.ts';
import { ensureStatsIndexes } from '../../../src/mongo/indexes.ts';
import { minuteAt, seedWaiting } from '../../support/seedNotifications.ts';
import { untyped } from '../../support/untyped.ts';
import { useConsole } from '../../support/useConsole.ts';
import { writeStats } from '../../support/writtenStats.ts';

const world = useConsole(import.meta.url);
const FUTURE = new Date(Date.now() + 3_600_000);

beforeAll(async () => {
  await ensureStatsIndexes(world().state);
});
beforeEach(async () => {
  const { state } = world();
  for (const rows of [state.endpoints, state.retries, state.leases]) {
    await untyped(rows).deleteMany({});
  }
});

async function disabled(webhookId: number, fields: Readonly<Record<string, unknown>> = {}) {
  await untyped(world().state.endpoints).insertOne({
    ...{ _id: `key-${webhookId}`, accountId: 28, webhookId, url: 'https://a.example/hook' },
    ...{ reason: 'endpoint_gone', disabledAt: minuteAt(0) },
    ...fields,
  });
}

/** As one of many workers writes it. */
async function openBreaker(webhookId: number) {
  await untyped(world().state.endpoints).insertOne({
    ...{ _id: `breaker:w:key-${webhookId}`, kind: 'breaker', endpoint: `key-${webhookId}` },
    ...{ accountId: 29, webhookId, url: 'https://b.example/hook', since: minuteAt(1) },
    ...{ failures: 12, lastStatusCode: 503, lastError: null, nextProbeAt: FUTURE },
    ...{ worker: 'w', epoch: null, until: FUTURE },
  });
}

describe('the page of endpoints', () => {
  it('says where nothing is called: since when, why, and how many wait', async () => {
    const { app, state } = world();
    await disabled(5);
    await openBreaker(6);
    await seedWaiting(state, 'a', { webhook: 5, endpoint: 'key-5' });
    await seedWaiting(state, 'b', { account: 29, webhook: 6, endpoint: 'key-6' });
    await seedWaiting(state, 'c', { account: 29, webhook: 6, endpoint: 'key-6' });
    await seedWaiting(state, 'd', { account: 30, webhook: 7, endpoint: 'key-7' });
    await seedWaiting(state, 'e', { account: 31, webhook: null, endpoint: '' });
    const { text, html } = await app.get('/endpoints', 'viewer');
    expect(text).toMatch(
      /5 of account 28 https:\/\/a\.example\/hook 2026-01-31T15:30:00\.000\+05:30 its receiver answered 410 1 notification /,
    );
    expect(text).toMatch(
      /6 of account 29 https:\/\/b\.example\/hook .*HTTP 503; 12 failed attempts/,
    );
    expect(text).toMatch(/2 notifications .*Waiting elsewhere .*7 of account 30 .*1 notification /);
    expect(html).toContain('href="/accounts/29"');
    expect(html).not.toContain('method="post" action="/endpoints');
    const part = await app.get('/endpoints/live', 'viewer');
    expect(part.text).toContain('5 of account 28');
    expect(part.html).not.toContain('<html');
  });

  it('says so where there is nothing', async () => {
    const { text } = await world().app.get('/endpoints');
    expect(text).toContain('No endpoint is disabled.');
    expect(text).toContain('No breaker is open');
    expect(text).toContain('Nothing waits at any other endpoint.');
    expect(text).toMatch(/no endpoint took longer than a second on average/);
  });

  it('says which are slow', async () => {
    const span: CountedSpan = {
      ...{ id: 'slow', start: new Date(), of: 'endpoint', accountId: 29, webhookId: 8 },
      ...{ url: 'https://slow.example/', delivered: 20, failed: 0, skipped: 0 },
      ...{ attempts: { '2xx': 20 }, calls: 20, tookMs: 100_000, durations: {} },
    };
    const quick = { ...span, id: 'quick', url: 'https://quick.example/', tookMs: 100 };
    await writeStats(world().state, [span, quick]);
    // One that has not asked before.
    const { text } = await world().another({}).get('/endpoints', 'viewer');
    expect(text).toMatch(/Slow endpoints .*webhook 8, https:\/\/slow\.example\/ 29 5\.0 s 20 /);
    expect(text).not.toContain('quick.example');
  });

  it('shows rows that somebody else has written', async () => {
    await disabled(5, { webhookId: { a: 1 }, disabledAt: 'yesterday', url: '<b>x</b>' });
    const { status, text, html } = await world().app.get('/endpoints');
    expect(status).toBe(200);
    expect(text).toContain('its row is unreadable');
    expect(html).not.toContain('<b>x');
  });
});

describe('an endpoint', () => {
  it('is enabled by editors', async () => {
    const { app, state } = world();
    await disabled(5);
    await disabled(6);
    const refused = await app.act('/endpoints/enable', { webhook: '5' }, 'support');
    expect(refused.status).toBe(403);
    expect(await state.endpoints.countDocuments()).toBe(2);
    const page = await app.act('/endpoints/enable', { webhook: '5' });
    expect(page.text).toContain('1 endpoint of webhook 5 enabled');
    expect(await state.endpoints.distinct('webhookId')).toEqual([6]);
    expect(await world().audited()).toEqual([
      { user: 'asha', what: 'enable endpoint', on: 'webhook 5' },
    ]);
    const again = await app.act('/endpoints/enable', { webhook: '5' });
    expect(again.text).toContain('No endpoint of webhook 5 was disabled.');
  });

  it('is disabled at its present URL', async () => {
    const { app, state, central } = world();
    const id = await central.optIn(28, 200, { url: 'https://c.example/hook?t=s3cret' });
    const page = await app.act('/endpoints/disable', { webhook: String(id), account: '28' });
    expect(page.text).toContain(`Webhook ${id} is no longer called at https://c.example/hook:`);
    expect(page.html).not.toContain('s3cret');
    const [row] = await state.endpoints.find().toArray();
    expect(row).toMatchObject({ webhookId: id, accountId: 28, reason: 'endpoint_disabled' });
    expect(await world().audited()).toEqual([
      { user: 'asha', what: 'disable endpoint', on: `account 28, webhook ${id}` },
    ]);
    const unknown = await app.act('/endpoints/disable', { webhook: '987654' });
    expect(unknown.status).toBe(409);
    expect(unknown.text).toContain('There is no webhook 987654.');
  });

  it('has its retries made due by support, those of other webhooks left alone', async () => {
    const { app, state } = world();
    await seedWaiting(state, 'a', { nextAttemptAt: FUTURE });
    await seedWaiting(state, 'b', { webhook: 6, nextAttemptAt: FUTURE });
    const fields = { webhook: '5', account: '28' };
    expect((await app.act('/endpoints/retries', fields, 'viewer')).status).toBe(403);
    const page = await app.act('/endpoints/retries', fields, 'support');
    expect(page.text).toContain('1 notification made due.');
    const due = await state.retries.find({ nextAttemptAt: { $lt: FUTURE } }).toArray();
    expect(due.map(({ _id }) => _id)).toEqual(['a:DELIVERED']);
  });
});
