import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { seedWaiting } from '../../support/seedNotifications.ts';
import { untyped } from '../../support/untyped.ts';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
let receiver: Receiver;
let webhook = '';

/** Nobody may add to the audit any more. */
async function closeAudit(): Promise<void> {
  const { db } = world().servers;
  await db.command({
    collMod: 'notify_on_delivery_audit',
    validator: { user: { $exists: false } },
  });
}

async function everything(): Promise<unknown> {
  const { rowsOf, state } = world();
  return {
    accounts: await rowsOf('SELECT * FROM Accountconfig'),
    webhooks: await rowsOf('SELECT * FROM Webhook ORDER BY webhookID'),
    flows: await rowsOf('SELECT * FROM Flow ORDER BY flowID'),
    endpoints: await state.endpoints.find().toArray(),
    retries: await state.retries.find().toArray(),
    jobs: await state.jobs.find().toArray(),
    calls: receiver.requests().length,
  };
}

beforeAll(async () => {
  receiver = await startReceiver();
  const { central, state, servers } = world();
  webhook = String(await central.optIn(28, 200, { url: receiver.url('/hook') }));
  await central.connection.query(
    "INSERT INTO Webhook (webhookID, accountID, name, url) VALUES (1000, 28, 'b', 'https://b.example/')",
  );
  await seedWaiting(state, 'a', { nextAttemptAt: new Date(Date.now() + 3_600_000) });
  await untyped(state.endpoints).insertOne({
    ...{ _id: 'key', accountId: 28, webhookId: 77, url: 'http://a.example/' },
    ...{ reason: 'endpoint_gone', disabledAt: new Date() },
  });
  await untyped(state.jobs).insertOne({
    ...{ _id: 'replay x', kind: 'replay', run: 'r', state: 'interrupted', from: 'a', counts: {} },
    arguments: { since: '2026-01-31', until: '2026-02-01', account: '28', state: 'failed' },
    ...{ token: 't', startedAt: new Date(), updatedAt: new Date() },
  });
  await servers.db.createCollection('notify_on_delivery_audit').catch(() => undefined);
});
beforeEach(closeAudit);
afterAll(async () => {
  await receiver.close();
});

describe('while the audit can not be written', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['/accounts/28/opt-in', { enabled: 'no' }],
    ['/accounts/28/flows', { flowId: '200', enabled: 'no' }],
    ['/accounts/28/webhooks', { url: 'https://x.example/', name: 'x' }],
    ['/accounts/28/webhooks/ID', { url: 'https://x.example/' }],
    ['/accounts/28/webhooks/1000/default', {}],
    ['/accounts/28/webhooks/ID/secret', { act: 'generate' }],
    ['/accounts/28/webhooks/ID/secret', { act: 'rotate' }],
    ['/accounts/28/test', { deliveryStatus: 'SENT' }],
    ['/accounts/28/retries', {}],
    ['/accounts/28/resend', { since: '2026-01-30', until: '2026-01-31', rate: '10' }],
    ['/jobs/replay%20x/resume', { rate: '10' }],
    ['/endpoints/enable', { webhook: '77' }],
    ['/endpoints/disable', { webhook: 'ID' }],
    ['/endpoints/retries', { webhook: '5' }],
  ])('nothing is done by %s %j', async (path, fields) => {
    const before = await everything();
    const given = Object.entries(fields).map(([name, value]) => [
      name,
      value.replace('ID', webhook),
    ]);
    const page = await world().app.act(path.replace('ID', webhook), Object.fromEntries(given));
    expect(page.status).toBe(500);
    expect(page.text).toContain('Something went wrong');
    expect(page.html).not.toContain('whsec_');
    expect(await everything()).toEqual(before);
  });
});
