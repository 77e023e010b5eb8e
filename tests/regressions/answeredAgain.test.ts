import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { disturb, disturbing, disturbedQuery, fix } from '../support/befalling.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const HOUR_MS = 3_600_000;
const PATH = '/answered-again';
const flow = { accountID: 28, flowId: 200 } as const;
const settings = {
  MYSQL_ROUTE_QUERY_FILE: disturbedQuery,
  MYSQL_TIMEOUT: '1s',
  ROUTE_CACHE_TTL: '1s',
  ROUTE_CACHE_STALE: '0s',
  QUICK_RETRIES: '',
  RETRY_SCHEDULE: '1s,1s,1s',
} as const;

beforeAll(async () => {
  const { central, receiver } = e2e();
  await central.optIn(flow.accountID, flow.flowId, { url: receiver.url(PATH) });
  for (const statement of disturbing) await central.connection.query(statement);
});
beforeEach(async () => {
  await fix(e2e().central.connection);
  e2e().receiver.answer(PATH, {});
});

const retries = () => e2e().servers.db.collection('notify_on_delivery_retries');

async function write(count: number): Promise<readonly string[]> {
  const documents = Array.from({ length: count }, () =>
    newSms({ ...flow, deliveryStatus: 'DELIVERED' }),
  );
  await e2e().sms.insertMany(documents);
  return documents.map(({ _id }) => `${_id}:DELIVERED`);
}

/** They wait in durable state for their route, and as if they had done so for long: for another hour. */
async function waitForLong(ids: readonly string[]): Promise<void> {
  const waiting = { _id: { $in: [...ids] as never[] }, endpoint: '', claim: { $exists: false } };
  await until('all wait for their route', async () => {
    const nextAttemptAt = { $add: ['$$NOW', HOUR_MS] };
    await retries().updateMany(waiting, [{ $set: { nextAttemptAt } }]);
    const later = { $gt: ['$nextAttemptAt', { $add: ['$$NOW', HOUR_MS / 2] }] };
    return (await retries().countDocuments({ ...waiting, $expr: later })) === ids.length;
  });
}

async function expectReported(ids: readonly string[]): Promise<void> {
  const since = performance.now();
  const delivered = { state: 'delivered', _id: { $in: [...ids] as never[] } };
  const sent = e2e().servers.db.collection('notify_on_delivery_sent');
  const areNotified = async () => (await sent.countDocuments(delivered)) === ids.length;
  await until('all are notified', areNotified, { timeoutMs: 60_000 });
  expect(await sent.countDocuments(delivered)).toBe(ids.length);
  console.log(`told after ${Math.round(performance.now() - since)} ms`);
}

const asked = (worker: WorkerProcess): number =>
  worker.lines.filter(({ event }) => event === 'route_key_error').length;

// Each row waited for its own time, up to ten minutes, though the key had long been answered since.
describe('what waits for a route is notified once MySQL answers again', () => {
  it.each<readonly [string, number, number]>([
    ['took too long', 30, 0],
    ['failed by itself', 0, 1_105],
    ['led into a table that was missing', 0, 1_146],
  ])('when the question about its account %s', async (_what, seconds, errno) => {
    const { connection } = e2e().central;
    const worker = await e2e().worker(settings);
    await disturb(connection, flow.accountID, seconds, errno);
    const ids = await write(30);
    await waitForLong(ids);
    expect(asked(worker)).toBeGreaterThan(0);
    await fix(connection);
    await expectReported(ids);
  });

  it('by another worker than the one that had it wait', async () => {
    const { connection } = e2e().central;
    const worker = await e2e().worker(settings);
    await disturb(connection, flow.accountID, 0, 1_105);
    const ids = await write(30);
    await waitForLong(ids);
    await worker.kill();
    await fix(connection);
    await e2e().worker(settings);
    await expectReported(ids);
  });

  it('when nobody was answered at the time of its next attempt', async () => {
    const { connection } = e2e().central;
    await e2e().worker(settings);
    e2e().receiver.answer(PATH, { status: 503 });
    const ids = await write(5);
    const failed = { _id: { $in: [...ids] as never[] }, attempts: { $gt: 0 } };
    const areCalled = async () => (await retries().countDocuments(failed)) === ids.length;
    await until('all were called once', areCalled);
    await disturb(connection, null, 0, 1_815);
    e2e().receiver.answer(PATH, {});
    await waitForLong(ids);
    await fix(connection);
    await expectReported(ids);
  });
});
