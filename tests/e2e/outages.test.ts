import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient, type Collection } from 'mongodb';
import { openCentralDatabase } from '../../scripts/harness/centralDatabase.ts';
import { newSms, setStatus, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { startMysql, startReplicaSet } from '../support/servers.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

const ACCOUNTS = 40;
const flowOf = (accountId: number): number => accountId + 1_000;

interface Traffic {
  /** Ends it; every status whose write MongoDB acknowledged, as `<id>:<status>`. */
  stop(): Promise<readonly string[]>;
}

/** Statuses, one after the other by a few writers, each to the account that `pick` names. */
function startTraffic(sms: Collection<SmsDocument>, pick: (index: number) => number): Traffic {
  const written: string[] = [];
  let running = true;
  let next = 0;
  const write = async (): Promise<void> => {
    while (running) {
      const accountID = pick(next++);
      const document = newSms({ accountID, flowId: flowOf(accountID) });
      await persist(async () => {
        await sms.updateOne({ _id: document._id }, { $setOnInsert: document }, { upsert: true });
        await setStatus(sms, document._id, 'DELIVERED');
      });
      written.push(`${document._id}:DELIVERED`);
    }
  };
  const writers = Array.from({ length: 4 }, write);
  return {
    async stop() {
      running = false;
      await Promise.all(writers);
      return written;
    },
  };
}

/** The platform, too, tries again until its database takes the write. */
async function persist(write: () => Promise<void>): Promise<void> {
  await until('the write is taken', async () => await write().then(() => true), {
    timeoutMs: 60_000,
  });
}

async function componentFails(worker: WorkerProcess, component: string): Promise<void> {
  await until(
    `/readyz says that ${component} fails`,
    async () => {
      const probe = await worker.probe('/readyz');
      return probe?.status === 503 && probe.body.components[component]?.status === 'fail';
    },
    { timeoutMs: 60_000 },
  );
}

async function notified(path: string, count: number): Promise<readonly string[]> {
  const { receiver } = e2e();
  await until(`${count} statuses are told`, () => receiver.requests(path).length >= count, {
    timeoutMs: 60_000,
  });
  return receiver.requests(path).map((request) => request.headers['webhook-id'] as string);
}

describe('MySQL away for longer than an old answer may be used', () => {
  let mysql: Awaited<ReturnType<typeof startMysql>>;

  beforeAll(async () => {
    mysql = await startMysql();
    const central = await openCentralDatabase(mysql.uri);
    const webhook = { url: e2e().receiver.url('/mysql') };
    for (let id = 1; id <= ACCOUNTS; id += 1) await central.optIn(id, flowOf(id), webhook);
    await central.close();
  }, 60_000);
  afterAll(async () => await mysql.close());

  it('skips nothing and tells everything once it is back', async () => {
    const { sms, worker } = e2e();
    const running = await worker({
      MYSQL_URI: mysql.uri,
      ROUTE_CACHE_TTL: '1s',
      ROUTE_CACHE_STALE: '2s',
    });
    let accounts = ACCOUNTS / 2;
    const traffic = startTraffic(sms, (index) => 1 + (index % accounts));
    await notified('/mysql', 50);
    await mysql.kill();
    accounts = ACCOUNTS;
    await componentFails(running, 'mysql');
    const outageBegan = Date.now();
    await until('the outage outlasts every old answer', () => Date.now() - outageBegan > 5_000);
    expect((await running.probe('/livez'))?.status).toBe(200);
    const written = await traffic.stop();
    const notifiedBefore = e2e().receiver.requests('/mysql').length;
    await mysql.start();
    await running.ready();
    const ids = await notified('/mysql', written.length);
    console.log(`${written.length} written, ${notifiedBefore} told before MySQL was back`);

    expect(notifiedBefore).toBeLessThan(written.length);
    expect([...ids].sort()).toEqual([...written].sort());
    expect(await sms.countDocuments({ 'notify_on_delivery.state': 'skipped' })).toBe(0);
    expect(await running.stop()).toEqual({ code: 0, signal: null });
  }, 120_000);
});

describe('MongoDB restarted during traffic', () => {
  let replicaSet: Awaited<ReturnType<typeof startReplicaSet>>;
  let client: MongoClient;

  beforeAll(async () => {
    replicaSet = await startReplicaSet();
    client = await new MongoClient(replicaSet.uri).connect();
    const webhook = { url: e2e().receiver.url('/mongodb') };
    for (let id = 1; id <= 3; id += 1) await e2e().central.optIn(id, flowOf(id), webhook);
  }, 60_000);
  afterAll(async () => {
    await client.close();
    await replicaSet.close();
  });

  it('loses nothing, calls nobody twice, and says so meanwhile', async () => {
    const { worker } = e2e();
    const sms = client.db('central').collection<SmsDocument>('SMSDetailDocument');
    const running = await worker({ MONGODB_URI: replicaSet.uri, MONGODB_DATABASE: 'central' });
    const traffic = startTraffic(sms, (index) => 1 + (index % 3));
    await notified('/mongodb', 100);
    const [mongod] = replicaSet.members;
    await mongod?.kill();
    await componentFails(running, 'mongodb');
    await componentFails(running, 'stream');
    await mongod?.start();
    await running.ready();
    const notifiedAtReturn = e2e().receiver.requests('/mongodb').length;
    await notified('/mongodb', notifiedAtReturn + 100);
    const written = await traffic.stop();
    const ids = await notified('/mongodb', written.length);
    await until('every record is there', async () => {
      const recorded = await sms.countDocuments({ 'notify_on_delivery.state': 'delivered' });
      return recorded === written.length;
    });
    console.log(`${written.length} written, ${notifiedAtReturn} told when MongoDB was back`);

    expect([...ids].sort()).toEqual([...written].sort());
    expect(await running.stop()).toEqual({ code: 0, signal: null });
  }, 120_000);
});
