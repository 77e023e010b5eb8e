import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

/** With LONG_TESTS=1 as many as make 10,000 statuses. */
const SMS_COUNT = process.env['LONG_TESTS'] === '1' ? 8_000 : 2_400;
/** So many of them get SENT and, milliseconds later, DELIVERED. */
const WITH_TWO_STATUSES = SMS_COUNT / 4;
const STATUS_COUNT = SMS_COUNT + WITH_TWO_STATUSES;

/** Sets all statuses, a quarter each by update, insert, Spring-style save, and update twice. */
async function writeStatuses(onHalfWay: () => void): Promise<void> {
  const { sms } = e2e();
  let written = 0;
  const writeOne = async (index: number): Promise<void> => {
    const document = newSms({ accountID: 28, flowId: 200, index });
    const status = { deliveryStatus: 'DELIVERED', deliveryTime: new Date() };
    if (index % 4 === 0) {
      await sms.insertOne({ ...document, ...status });
    } else if (index % 4 === 1) {
      await sms.insertOne(document);
      await sms.replaceOne({ _id: document._id }, { ...document, ...status });
    } else {
      await sms.insertOne(document);
      if (index % 4 === 2) await setStatus(sms, document._id, 'SENT');
      await setStatus(sms, document._id, 'DELIVERED');
    }
    written += 1;
    if (written === SMS_COUNT / 2) onHalfWay();
  };
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < SMS_COUNT) await writeOne(next++);
  };
  await Promise.all(Array.from({ length: 16 }, writer));
}

describe('thousands of statuses with a stop in the middle', () => {
  beforeAll(async () => {
    const { central, receiver } = e2e();
    await central.optIn(28, 200, { url: receiver.url('/hook') });
  });

  it('are each called exactly once, with their own status, and the checkpoint passes them all', async () => {
    const { worker, receiver, servers, sms } = e2e();
    const first = await worker();
    let reachHalfWay = (): void => undefined;
    const halfWay = new Promise<void>((resolve) => {
      reachHalfWay = resolve;
    });
    const writing = writeStatuses(() => reachHalfWay());
    await halfWay;
    const exit = await first.stop();
    const beforeRestart = receiver.requests('/hook').length;
    await writing;
    const lastWrite = new Date();
    const second = await worker();
    await until(
      `${STATUS_COUNT} requests`,
      () => receiver.requests('/hook').length >= STATUS_COUNT,
      { timeoutMs: 120_000 },
    );
    const checkpoints = servers.db.collection('notify_on_delivery_checkpoints');
    await until(
      'the checkpoint is past them all',
      async () => {
        const row = await checkpoints.findOne({});
        return (row?.['wallTime'] as Date) >= lastWrite;
      },
      { timeoutMs: 60_000 },
    );
    const lastExit = await second.stop();

    const requests = receiver.requests('/hook');
    const ids = requests.map((request) => request.headers['webhook-id'] as string);
    const wrongBodies = requests.filter((request) => {
      const body = request.json() as { smsDetails: { id: string; deliveryStatus: string }[] };
      const [detail] = body.smsDetails;
      return request.headers['webhook-id'] !== `${detail?.id}:${detail?.deliveryStatus}`;
    });
    const delivered = await sms.countDocuments({ 'notify_on_delivery.state': 'delivered' });
    console.log(
      `${beforeRestart} before the stop, ${requests.length} in all, ${new Set(ids).size} distinct ids`,
    );
    expect([exit, lastExit]).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    expect(beforeRestart).toBeGreaterThan(0);
    expect(beforeRestart).toBeLessThan(STATUS_COUNT);
    expect(requests).toHaveLength(STATUS_COUNT);
    expect(new Set(ids).size).toBe(STATUS_COUNT);
    expect(wrongBodies).toEqual([]);
    expect(delivered).toBe(SMS_COUNT);
    expect(await sms.countDocuments({ 'notify_on_delivery.earlier.deliveryStatus': 'SENT' })).toBe(
      WITH_TWO_STATUSES,
    );
  }, 300_000);
});
