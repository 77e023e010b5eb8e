import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const flow = { accountID: 28, flowId: 200 } as const;

let proxy: TcpProxy;
let through: Readonly<Record<string, string>>;

beforeAll(async () => {
  await e2e().central.optIn(flow.accountID, flow.flowId, { url: e2e().receiver.url('/dead') });
});
beforeEach(async () => {
  const uri = new URL(e2e().servers.mongodbUri);
  proxy = await startTcpProxy(Number(uri.port));
  uri.host = proxy.address;
  uri.searchParams.set('directConnection', 'true');
  uri.searchParams.delete('replicaSet');
  through = { MONGODB_URI: uri.href, LEASE_TTL: '6s' };
});
afterEach(async () => await proxy.close());

const state = (name: string): string => `notify_on_delivery_${name}`;

async function write(): Promise<string> {
  const document = newSms(flow);
  await e2e().sms.insertOne(document);
  await setStatus(e2e().sms, document._id, 'DELIVERED');
  return `${document._id}:DELIVERED`;
}

const timesNotified = (id: string): number =>
  e2e()
    .receiver.requests('/dead')
    .filter(({ headers }) => headers['webhook-id'] === id).length;

async function notified(id: string): Promise<void> {
  await until(`${id} is told`, () => timesNotified(id) > 0, { timeoutMs: 60_000 });
}

function events(worker: WorkerProcess, event: string): number {
  return worker.lines.filter((line) => line.event === event).length;
}

// A call waited for as long as TCP does, which was 13 minutes in a trial: the driver's own limit does nothing.
describe('one connection that is dead in silence', () => {
  it('costs no lease when it is struck at a renewal, and a stop hands over', async () => {
    const worker = await e2e().worker(through);
    await worker.line('stream_opened');
    await proxy.blackholeNext(['update', state('leases')]);
    const row = e2e().servers.db.collection(state('leases'));
    const before = (await row.findOne({}))?.['until'] as Date;
    await until('the lease is renewed all the same', async () => {
      return ((await row.findOne({}))?.['until'] as Date) > before;
    });
    await notified(await write());
    expect(events(worker, 'lease_lost')).toBe(0);
    const successor = e2e().startWorker(through);
    await successor.line('standby');
    await proxy.blackholeNext(['update', state('leases')]);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
    expect(events(worker, 'stop_overdue')).toBe(0);
    await successor.line('lease_acquired');
    await notified(await write());
  }, 180_000);

  it.each([
    ['a look-up', ['aggregate', 'unionWith', 'SMSDetailDocument']],
    ['a look-up in durable state', ['aggregate', state('retries'), 'unionWith']],
    ['a ledger row', ['insert', state('sent')]],
    ['a record', ['update', 'SMSDetailDocument', 'notificationId']],
    ['the saving of the checkpoint', ['update', state('checkpoints'), 'clusterTime']],
    ['a read of the change stream', ['getMore', 'SMSDetailDocument']],
  ])(
    'struck at %s delays no stop, and what was in progress is notified once',
    async (_, texts) => {
      const worker = await e2e().worker(through);
      await worker.line('stream_opened');
      await notified(await write());
      const struck = proxy.blackholeNext(texts);
      const id = await write();
      await struck;
      const successor = e2e().startWorker(through);
      expect(await worker.stop()).toEqual({ code: 0, signal: null });
      expect(events(worker, 'stop_overdue')).toBe(0);
      await successor.line('lease_acquired');
      await notified(id);
      await notified(await write());
      expect(timesNotified(id)).toBe(1);
    },
    180_000,
  );

  it.each([
    ['a look-up', ['aggregate', 'unionWith', 'SMSDetailDocument']],
    ['a look-up in durable state', ['aggregate', state('retries'), 'unionWith']],
    ['the question what is due', ['aggregate', state('retries'), 'nextAttemptAt']],
    ['a record', ['update', 'SMSDetailDocument', 'notificationId']],
    ['a ping', ['hello', 'lsid', 'admin']],
    ['the reading of disabled endpoints', ['find', state('endpoints')]],
  ])(
    'struck at %s holds nothing up for longer than one limit',
    async (_, texts) => {
      const worker = await e2e().worker(through);
      await worker.line('stream_opened');
      await notified(await write());
      const struck = proxy.blackholeNext(texts);
      const ids = [await write(), await write()];
      await struck;
      for (const id of [...ids, await write()]) await notified(id);
      await until('its record is there', async () => {
        const left = { deliveryStatus: 'DELIVERED', notify_on_delivery: { $exists: false } };
        return (await e2e().sms.countDocuments(left)) === 0;
      });
      await worker.ready();
      expect(events(worker, 'lease_lost')).toBe(0);
      expect(await worker.stop()).toEqual({ code: 0, signal: null });
    },
    180_000,
  );
});
