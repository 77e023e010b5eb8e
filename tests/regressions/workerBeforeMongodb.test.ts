import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { newSms, setStatus, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { startReplicaSet } from '../support/servers.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const flow = { accountID: 28, flowId: 200 } as const;

let replicaSet: Awaited<ReturnType<typeof startReplicaSet>>;
let platform: MongoClient;
let proxy: TcpProxy;

beforeAll(async () => {
  replicaSet = await startReplicaSet();
  platform = await new MongoClient(replicaSet.uri, { directConnection: true }).connect();
  await e2e().central.optIn(flow.accountID, flow.flowId, { url: e2e().receiver.url('/late') });
}, 120_000);
afterAll(async () => {
  await platform.close();
  await replicaSet.close();
});
beforeEach(async () => {
  proxy = await startTcpProxy(Number(new URL(replicaSet.uri).port));
});
afterEach(async () => await proxy.close());

/** Resolves when it has looked for a server in vain more than twice, and has said so with this cause. */
async function waitsInVain(worker: WorkerProcess, cause: RegExp): Promise<void> {
  const waits = () => worker.lines.filter(({ event }) => event === 'waiting_for_mongodb');
  await until('it has waited in vain more than twice', () => waits().length > 2, {
    timeoutMs: 60_000,
  });
  for (const { error } of waits()) expect(error).toMatchObject({ message: cause });
  expect((await worker.probe('/livez'))?.status).toBe(200);
  const readiness = await worker.probe('/readyz');
  expect(readiness?.status).toBe(503);
  expect(readiness?.body.components['mongodb']?.detail).toMatch(cause);
}

async function tells(worker: WorkerProcess): Promise<void> {
  await worker.ready();
  await worker.line('stream_opened');
  const sms = platform.db(e2e().servers.database).collection<SmsDocument>('SMSDetailDocument');
  const document = newSms(flow);
  await sms.insertOne(document);
  await setStatus(sms, document._id, 'DELIVERED');
  const id = `${document._id}:DELIVERED`;
  await until('it is notified', () =>
    e2e()
      .receiver.requests('/late')
      .some(({ headers }) => headers['webhook-id'] === id),
  );
}

// The driver connects anew by itself only until its first search for a server has failed: from then on every call
// said "Topology is closed", and the worker never got ready.
describe('a worker that was there before MongoDB', () => {
  it('works once a port that refused is open', async () => {
    await proxy.refuse();
    const uri = `mongodb://${proxy.address}/?directConnection=true&serverSelectionTimeoutMS=1500`;
    const worker = e2e().startWorker({ MONGODB_URI: uri });
    await waitsInVain(worker, /127\.0\.0\.1:\d+.* ECONNREFUSED/);
    await proxy.resume();
    await tells(worker);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  }, 180_000);

  it('works once there is a primary', async () => {
    const admin = platform.db('admin');
    await admin.command({ replSetStepDown: 3_600, force: true });
    const worker = e2e().startWorker({
      MONGODB_URI: `${replicaSet.uri}&serverSelectionTimeoutMS=1500`,
    });
    await waitsInVain(worker, /no server takes writes: 127\.0\.0\.1:\d+ RSSecondary/);
    await admin.command({ replSetFreeze: 0 });
    await tells(worker);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  }, 180_000);

  it('says which names have no address, and works once one of the others answers', async () => {
    await proxy.refuse();
    const worker = e2e().startWorker({
      MONGODB_URI: `mongodb://not-there-yet.invalid,${proxy.address}/?replicaSet=${new URL(replicaSet.uri).searchParams.get('replicaSet')}&serverSelectionTimeoutMS=1500`,
    });
    await waitsInVain(
      worker,
      /not-there-yet\.invalid:27017 getaddrinfo E\w+.*127\.0\.0\.1:\d+ .*ECONNREFUSED/,
    );
    await proxy.resume();
    await tells(worker);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  }, 180_000);
});
