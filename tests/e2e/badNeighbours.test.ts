import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

const ENDPOINTS = 50;
/** In all; with LONG_TESTS=1 as many as a release is accepted by. */
const STATUSES = process.env['LONG_TESTS'] === '1' ? 10_000 : 3_000;
/** Fewer than the worker can tell on a small machine, so that what it lags behind is not the load's doing. */
const PER_SECOND = 400;
/** Their accounts, when they are bad. */
const [refusing, hanging] = [49, 50];
const settings = {
  REQUEST_TIMEOUT: '10s',
  QUICK_RETRIES: '500ms',
  RETRY_SCHEDULE: Array(30).fill('2s').join(','),
};

let proxy: TcpProxy;
let isHanging = false;
/** Calls, by account. */
const calls = new Map<number, number>();
const callsOf = (accountIds: readonly number[]): number =>
  accountIds.reduce((sum, account) => sum + (calls.get(account) ?? 0), 0);

const flowOf = (account: number): number => account + 1_000;
const pathOf = (account: number): string => `/account-${account}`;
const accounts = Array.from({ length: ENDPOINTS }, (_, index) => index + 1);

beforeAll(async () => {
  const { central, receiver } = e2e();
  proxy = await startTcpProxy(receiver.port);
  for (const account of accounts) {
    const url = new URL(receiver.url(pathOf(account)));
    if (account === refusing) url.port = String(proxy.port);
    await central.optIn(account, flowOf(account), { url: url.href });
    receiver.answer(pathOf(account), () => {
      calls.set(account, callsOf([account]) + 1);
      return isHanging && account === hanging ? { fault: 'hangAtHeaders' } : {};
    });
  }
});
afterAll(async () => {
  await proxy.close();
});

interface Run {
  /** Seconds, sampled four times a second from the first write until all healthy ones are notified. */
  readonly checkpointLags: readonly number[];
  readonly seconds: number;
}

/** Writes the statuses of all accounts in turn, and waits until those of the healthy ones are notified. */
async function run(worker: WorkerProcess, name: string, healthy: readonly number[]): Promise<Run> {
  const { sms } = e2e();
  const wanted = callsOf(healthy) + (STATUSES / ENDPOINTS) * healthy.length;
  const startedAt = performance.now();
  const checkpointLags: number[] = [];
  const timer = setInterval(() => {
    gauge(worker, 'checkpoint_lag_seconds').then(
      (lag) => checkpointLags.push(lag),
      () => undefined,
    );
  }, 250);
  for (let next = 0; next < STATUSES; next += ENDPOINTS) {
    await sms.insertMany(
      Array.from({ length: ENDPOINTS }, (_, index) => statusOf(name, next + index)),
    );
    const dueInMs = startedAt + ((next + ENDPOINTS) * 1_000) / PER_SECOND - performance.now();
    if (dueInMs > 0) await wait(dueInMs);
  }
  await until('the healthy ones are notified', () => callsOf(healthy) >= wanted, {
    timeoutMs: 120_000,
    intervalMs: 50,
  }).finally(() => clearInterval(timer));
  return { checkpointLags, seconds: (performance.now() - startedAt) / 1_000 };
}

function statusOf(name: string, index: number): SmsDocument {
  const accountID = (index % ENDPOINTS) + 1;
  const fields = { accountID, flowId: flowOf(accountID), deliveryTime: new Date() };
  return newSms({ _id: `${name}-${index}`, ...fields, deliveryStatus: 'DELIVERED' });
}

async function gauge(worker: WorkerProcess, name: string): Promise<number> {
  const { httpPort } = await worker.line('started');
  const text = await (await fetch(`http://127.0.0.1:${String(httpPort)}/metrics`)).text();
  return Number(new RegExp(`^notify_on_delivery_${name} (.*)$`, 'm').exec(text)?.[1]);
}

async function untilCheckpointPasses(lastWrite: Date): Promise<void> {
  const checkpoints = e2e().servers.db.collection('notify_on_delivery_checkpoints');
  await until(
    'the checkpoint is past what was written',
    async () => ((await checkpoints.findOne({}))?.['wallTime'] as Date) >= lastWrite,
    { timeoutMs: 60_000 },
  );
}

function describeRun({ checkpointLags, seconds }: Run): string {
  const sorted = checkpointLags.toSorted((one, other) => one - other);
  const [median, most] = [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted.at(-1) ?? 0];
  return `healthy ones told after ${seconds.toFixed(1)} s, checkpoint lag ${median.toFixed(1)} s in the middle and ${most.toFixed(1)} s at most`;
}

describe('thousands of statuses over 50 endpoints', () => {
  it('of which one refuses and one hangs: neither holds the others, nor the checkpoint, and all are notified in the end', async () => {
    const { sms, servers } = e2e();
    const worker = await e2e().worker(settings);
    const good = await run(worker, 'good', accounts);
    await untilCheckpointPasses(new Date());
    await proxy.refuse();
    isHanging = true;
    const bad = await run(worker, 'bad', accounts.slice(0, -2));
    await untilCheckpointPasses(new Date());
    const waiting = await servers.db.collection('notify_on_delivery_retries').countDocuments();
    const untold = STATUSES / ENDPOINTS;
    console.log(`without bad ones: ${describeRun(good)}`);
    console.log(`with one that refuses and one that hangs: ${describeRun(bad)}`);
    console.log(`${waiting} in durable state when the checkpoint had passed them`);
    expect(waiting).toBe(2 * untold);
    expect(callsOf([hanging])).toBeGreaterThan(untold);
    await proxy.resume();
    isHanging = false;
    await until(
      'all are notified',
      async () =>
        (await sms.countDocuments({ 'notify_on_delivery.state': 'delivered' })) === 2 * STATUSES,
      { timeoutMs: 120_000, intervalMs: 500 },
    );
    expect(await servers.db.collection('notify_on_delivery_retries').countDocuments()).toBe(0);
  }, 400_000);
});
