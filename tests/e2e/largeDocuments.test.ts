import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient, type Collection } from 'mongodb';
import { openCentralDatabase } from '../../scripts/harness/centralDatabase.ts';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { startMysql, startReplicaSet } from '../support/servers.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

/** With LONG_TESTS=1 as many as a release is accepted by. */
const COUNT = process.env['LONG_TESTS'] === '1' ? 900 : 300;
const MB = 1024 * 1024;
/** What the documents alone take, held all at once, and a worker without any. */
const FAR_BELOW_MB = COUNT + 130;
const patience = { timeoutMs: 300_000, intervalMs: 200 };

let mysql: Awaited<ReturnType<typeof startMysql>>;
let replicaSet: Awaited<ReturnType<typeof startReplicaSet>>;
let client: MongoClient;
let sms: Collection<SmsDocument>;
let receiver: Server;
let isRefusing = false;
const notified = new Map<string, number>();

beforeAll(async () => {
  replicaSet = await startReplicaSet();
  client = await new MongoClient(replicaSet.uri).connect();
  sms = client.db('central').collection<SmsDocument>('SMSDetailDocument');
  receiver = createServer((request, response) => {
    request.resume().once('end', () => {
      const id = String(request.headers['webhook-id']);
      if (!isRefusing) notified.set(id, (notified.get(id) ?? 0) + 1);
      response.writeHead(isRefusing ? 500 : 200).end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/large`;
  mysql = await startMysql();
  const central = await openCentralDatabase(mysql.uri);
  await central.optIn(1, 1_001, { url });
  await central.close();
}, 120_000);
afterAll(async () => {
  await client.close();
  await replicaSet.close();
  await mysql.close();
  receiver.close();
});

/** No two alike, and nothing that compression makes small. */
function large(id: string, fields: Readonly<Record<string, unknown>> = {}): SmsDocument {
  const text = randomBytes((3 * MB) / 4).toString('base64');
  return newSms({ _id: id, accountID: 1, flowId: 1_001, text, ...fields });
}

async function insertAll(name: string, fields: Readonly<Record<string, unknown>> = {}) {
  for (let n = 0; n < COUNT; n += 1) await sms.insertOne(large(`${name}-${n}`, fields));
}

const notifiedOf = (name: string): number =>
  [...notified.keys()].filter((id) => id.startsWith(`${name}-`)).length;

async function untilNotified(name: string): Promise<void> {
  await until(`all of ${name} are told`, () => notifiedOf(name) === COUNT, patience);
}

/** In MB: the most it has ever been, and what it is now. */
async function memoryOf(worker: WorkerProcess): Promise<Record<'peak' | 'now', number>> {
  const { pid } = await worker.line('started');
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const of = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1_024;
  return { peak: of('VmHWM'), now: of('VmRSS') };
}

/** It has read what it will while MySQL is away. */
async function untilAtRest(worker: WorkerProcess): Promise<void> {
  let most = 0;
  let since = performance.now();
  await until(
    'the worker takes no more in',
    async () => {
      const { peak } = await memoryOf(worker);
      if (peak > most + 1) since = performance.now();
      most = Math.max(most, peak);
      return performance.now() - since > 4_000;
    },
    patience,
  );
}

async function start(more: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
  const worker = e2e().startWorker({
    MONGODB_URI: replicaSet.uri,
    MONGODB_DATABASE: 'central',
    MYSQL_URI: mysql.uri,
    ...more,
  });
  await worker.line('started');
  return worker;
}

async function report(what: string, worker: WorkerProcess): Promise<void> {
  const { peak } = await memoryOf(worker);
  console.log(`${COUNT} documents of 1 MB, ${what}: ${peak.toFixed(0)} MB at most`);
  expect(peak).toBeLessThan(FAR_BELOW_MB);
}

describe('hundreds of documents of 1 MB', () => {
  it.each(['inserted', 'updated'] as const)(
    'are all notified once MySQL is back, and never held together: %s, a kill in between',
    async (how) => {
      const first = await start();
      await first.ready();
      if (how === 'updated') await insertAll(how, { deliveryStatus: null });
      await mysql.kill();
      if (how === 'inserted') await insertAll(how, { deliveryStatus: 'DELIVERED' });
      else await sms.updateMany({ _id: /^updated-/ }, { $set: { deliveryStatus: 'DELIVERED' } });
      await untilAtRest(first);
      await report(`${how} while MySQL is away`, first);
      await first.kill();
      const second = await start();
      await untilAtRest(second);
      await report(`${how}, read anew by another`, second);
      await mysql.start();
      await untilNotified(how);
      await report(`${how}, and told`, second);
      expect((await second.stop()).code).toBe(0);
    },
    600_000,
  );

  it('are all notified by retries, and never held together', async () => {
    isRefusing = true;
    const settings = { QUICK_RETRIES: '', RETRY_SCHEDULE: Array(40).fill('3s').join(',') };
    const worker = await start({ ...settings, BREAKER_THRESHOLD: '1' });
    await worker.ready();
    await insertAll('retried', { deliveryStatus: 'DELIVERED' });
    const retries = client.db('central').collection('notify_on_delivery_retries');
    const isScheduled = async (): Promise<boolean> => (await retries.countDocuments()) === COUNT;
    await until('all are scheduled', isScheduled, patience);
    isRefusing = false;
    await untilNotified('retried');
    await report('told by retries', worker);
    expect((await worker.stop()).code).toBe(0);
  }, 600_000);
});
