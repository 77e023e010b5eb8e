import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { newSms, setStatus } from '../../../scripts/harness/smsPlatform.ts';
import { cliWith, type CliEnd } from '../../support/cli.ts';
import { runCommand } from '../../support/commands.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { until } from '../../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const command = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith(e2e().settings, ...args);
const FINE = 28;
const FAILING = 29;
const GONE = 30;
let begunAt = new Date();
let failingWebhook = 0;

async function tell(account: number, status = 'DELIVERED'): Promise<string> {
  const sms = newSms({ accountID: account, flowId: account });
  await e2e().sms.insertOne(sms);
  await setStatus(e2e().sms, sms._id, status);
  return sms._id;
}

async function notified(account: number, state: string): Promise<string> {
  const id = await tell(account);
  await e2e().record(id, (record) => record['state'] === state);
  return id;
}

const ids: Record<string, string> = {};

beforeAll(async () => {
  begunAt = new Date();
  const { central, receiver } = e2e();
  receiver.answer('/failing', { status: 500 });
  receiver.answer('/refused', { status: 200, headers: { 'webhook-delivery': 'abort-message' } });
  await central.optIn(FINE, FINE, { url: receiver.url('/fine?token=not-to-be-shown') });
  await central.optIn(FAILING, FAILING, { url: receiver.url('/failing') });
  await central.optIn(GONE, GONE, { url: receiver.url('/failing?gone') });
  await central.setFlow(GONE + 1, GONE + 1, false);
  await e2e().worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '1h', ROUTE_CACHE_TTL: '1s' });
  ids['delivered'] = await notified(FINE, 'delivered');
  ids['waiting'] = await notified(FAILING, 'retrying');
  ids['blocked'] = await notified(GONE, 'retrying');
  await central.setFlow(FINE, FINE, false);
  await until('a flow that is switched off is known', async () => {
    const id = await tell(FINE);
    const { state } = (await e2e().record(id)) as { state: string };
    ids['skipped'] = id;
    return state === 'skipped';
  });
  const shown = (await e2e().record(ids['blocked'] ?? '')) as { webhookId: number };
  await command('endpoints', 'disable', String(shown.webhookId));
  failingWebhook = ((await e2e().record(ids['waiting'] ?? '')) as { webhookId: number }).webhookId;
});

async function listed(...args: readonly string[]): Promise<readonly Document[]> {
  const end = await command('list', ...args, '--json');
  expect(end).toMatchObject({ code: 0, stderr: '' });
  return end.json()['notifications'] as readonly Document[];
}

describe('list', () => {
  it('shows what has ended, waits and is blocked, each with why, while the worker runs', async () => {
    const all = await listed();
    expect(all.map(({ statusAt }) => statusAt)).toEqual(
      all
        .map(({ statusAt }) => statusAt as string)
        .toSorted()
        .toReversed(),
    );
    const of = (name: string): Document => all.find(({ smsId }) => smsId === ids[name]) ?? {};
    expect(of('delivered')).toMatchObject({
      ...{ state: 'delivered', deliveryStatus: 'DELIVERED', accountId: FINE, attempts: 1 },
      ...{ why: 'answered 200', endedAt: expect.stringMatching(/Z$/) },
    });
    expect(of('skipped')).toMatchObject({ state: 'skipped', why: 'flow_webhook_disabled' });
    expect(of('waiting')).toMatchObject({
      ...{ state: 'waiting', accountId: FAILING, attempts: 1, statusCode: 500 },
      why: expect.stringMatching(/^due .*Z \(in .*\); 1 attempt, answered 500$/),
    });
    expect(of('blocked')).toMatchObject({
      ...{ state: 'blocked', accountId: GONE, blocked: { kind: 'endpoint_disabled' } },
      why: expect.stringMatching(/^its endpoint is disabled \(endpoint_disabled\) since .*Z; 1/),
    });
    const text = await command('list');
    expect(text.code).toBe(0);
    expect(text.stdout).toContain(ids['blocked']);
    expect(text.stdout).toContain('+05:30');
    expect(text.stdout).not.toContain('not-to-be-shown');
  });

  it('answers "what failed for account 29 since monday" by one command', async () => {
    await command('retries', 'run', '--account', String(FAILING));
    await e2e().record(ids['waiting'] ?? '', ({ state }) => state === 'failed');
    const end = await runCommand(e2e().settings, [
      ...['list', '--account', String(FAILING), '--state', 'failed', '--since', 'monday', '--json'],
    ]);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(end.json()['notifications']).toMatchObject([
      {
        smsId: ids['waiting'],
        state: 'failed',
        why: 'attempts_exhausted, 2 attempts, answered 500',
      },
    ]);
    expect(end.json()['next']).toBeNull();
  });

  it('is of a webhook, of states, of a status, of a span', async () => {
    const ofWebhook = await listed('--webhook', String(failingWebhook));
    expect(ofWebhook.map(({ smsId }) => smsId as string)).toEqual([ids['waiting']]);
    const blocked = await listed('--state', 'blocked');
    expect(blocked.map(({ smsId }) => smsId as string)).toEqual([ids['blocked']]);
    expect(await listed('--until', begunAt.toISOString())).toEqual([]);
    const ofStatus = await listed('--webhook', String(failingWebhook), '--status', 'DELIVERED');
    expect(ofStatus).toHaveLength(1);
    expect(await listed('--status', 'SENT')).toEqual([]);
    const none = await command('list', '--account', '99');
    expect(none).toMatchObject({ code: 0, stderr: '' });
    expect(none.stdout).toMatch(/^No such notification\.\n\n.*REMEMBER/);
  });

  it('is bounded, and says how to see the rest', async () => {
    const all = await listed();
    const seen: unknown[] = [];
    let after: readonly string[] = [];
    for (;;) {
      const end = await command('list', '--limit', '2', ...after, '--json');
      const { notifications, next } = end.json() as { notifications: Document[]; next: string };
      expect(notifications.length).toBeLessThanOrEqual(2);
      seen.push(...notifications.map(({ notificationId }) => notificationId as string));
      if (next === null) break;
      after = ['--after', next];
    }
    expect(seen).toEqual(all.map(({ notificationId }) => notificationId as string));
    const text = await command('list', '--limit', '2');
    const more = /npm run cli -- list (?<args>--limit 2 --after \S+)$/m.exec(text.stdout);
    const second = await command('list', ...(more?.groups?.['args'] ?? 'none').split(' '));
    expect(second.stdout).toContain(all[2]?.['smsId']);
  });

  it.each([
    ['a state that is none', ['--state', 'broken']],
    ['a time that is none', ['--since', 'once']],
    ['a span that ends before it begins', ['--since', 'today', '--until', '2020-01-01']],
    ['a place that is none', ['--after', 'here']],
    ['more than is shown at once', ['--limit', '10001']],
  ])('is misused with %s', async (_what, args) => {
    expect(await command('list', ...args, '--json')).toMatchObject({ code: 2 });
  });

  it('says what to do where its indexes are missing', async () => {
    const state = e2e().servers.db.collection('notify_on_delivery_sent');
    await state.dropIndex('state_1_statusAt_1');
    const end = await command('list');
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/the running worker creates them/);
    await until('they are there again', async () => (await command('list')).code === 0);
    expect((await listed()).length).toBeGreaterThan(0);
  });
});
