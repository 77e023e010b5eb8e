import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { cliWith } from '../support/cli.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const settings = {
  ...{ WORKER_ID: 'always the same', QUICK_RETRIES: '', RETRY_SCHEDULE: '1s,1s,1h' },
  BREAKER_COOLDOWN: '1h',
};
const FAILING = 29;

beforeAll(async () => {
  const { central, receiver } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/hook') });
  await central.optIn(FAILING, 290, { url: receiver.url('/failing') });
});

async function fail(): Promise<void> {
  e2e().receiver.answer('/failing', { status: 500 });
  const documents = Array.from({ length: 12 }, () =>
    newSms({ accountID: FAILING, flowId: 290, deliveryStatus: 'DELIVERED' }),
  );
  await e2e().sms.insertMany(documents);
}

const endpoints = () => e2e().servers.db.collection('notify_on_delivery_endpoints');
const breakers = async (): Promise<unknown> =>
  (await cliWith(e2e().settings, 'status', '--json')).json()['breakers'];

describe('the breaker of a worker that was killed', () => {
  it('is not shown as that of the next one, though it has the same name', async () => {
    const { worker, receiver, servers } = e2e();
    const killed = await worker(settings);
    await fail();
    await killed.line('breaker_opened');
    await until('it is shown', async () => ((await breakers()) as unknown[]).length === 1);
    expect(await breakers()).toMatchObject([{ worker: 'always the same', accountId: FAILING }]);
    await killed.kill();
    receiver.answer('/failing', { status: 200 });
    const next = await worker(settings);
    await next.line('lease_acquired');
    expect(await breakers()).toEqual([]);
    await until('its row is gone', async () => (await endpoints().countDocuments()) === 0);
    const retries = servers.db.collection('notify_on_delivery_retries');
    await until('what waited is notified', async () => (await retries.countDocuments()) === 0);
    expect(next.lines.filter(({ event }) => event.startsWith('breaker_'))).toEqual([]);
    expect(await next.stop()).toEqual({ code: 0, signal: null });
  }, 150_000);
});

describe('a breaker that MongoDB refuses to show', () => {
  it('holds up neither calls nor the stop, and spares its endpoint all the same', async () => {
    const { worker, sms, servers, receiver, record } = e2e();
    const { collectionName } = endpoints();
    await servers.db.command({ collMod: collectionName, validator: { kind: { $ne: 'breaker' } } });
    const refused = await worker(settings);
    await fail();
    await refused.line('breaker_opened');
    await until('it was tried', () =>
      refused.lines.some((line) => line.event === 'database_retry' && line['what'] === 'breakers'),
    );
    const called = receiver.requests('/failing').length;
    const other = newSms({ accountID: 28, flowId: 200, deliveryStatus: 'DELIVERED' });
    await sms.insertOne(other);
    expect(await record(other._id)).toMatchObject({ state: 'delivered' });
    expect(receiver.requests('/failing')).toHaveLength(called);
    expect(await refused.stop()).toEqual({ code: 0, signal: null });
  }, 150_000);
});
