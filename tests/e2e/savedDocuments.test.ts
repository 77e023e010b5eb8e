import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms, setStatus, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { settled } from '../support/settled.ts';

const e2e = useEndToEnd(import.meta.url);

beforeAll(async () => {
  const { central, receiver } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/hook') });
});

/** The statuses the receiver was reported for this SMS, in order. */
function notified(id: string): readonly string[] {
  return e2e()
    .receiver.requests('/hook')
    .map((request) => (request.headers['webhook-id'] as string).split(':'))
    .filter(([smsId]) => smsId === id)
    .map(([, deliveryStatus = '']) => deliveryStatus);
}

/** How often a record was written into this SMS while `work` was done. Nothing else may have been updated. */
async function recordWrites(sms: SmsDocument, work: () => Promise<void>): Promise<number> {
  const match = { operationType: 'update', 'documentKey._id': sms._id };
  const updates = e2e().sms.watch([{ $match: match }], { maxAwaitTimeMS: 50 });
  await updates.tryNext();
  await work();
  await e2e().sms.updateOne({ _id: sms._id }, { $set: { isLast: true } });
  const written: string[] = [];
  while (!written.includes('isLast')) {
    const event = await updates.next();
    if (event.operationType !== 'update') throw new Error(event.operationType);
    const fields = Object.keys(event.updateDescription.updatedFields ?? {});
    written.push(...new Set(fields.map((path) => path.replace(/\..*/, ''))));
  }
  await updates.close();
  expect(new Set(written)).toEqual(new Set(['notify_on_delivery', 'isLast']));
  return written.length - 1;
}

const save = async (sms: SmsDocument, fields: object = {}): Promise<unknown> =>
  await e2e().sms.replaceOne({ _id: sms._id }, { ...sms, ...fields, savedAt: new Date(0) });

describe('a whole-document save without the records', () => {
  it.each<[string, object]>([
    ['without a status', {}],
    ['with a status of null', { deliveryStatus: null }],
    ['with a status that is not asked for', { deliveryStatus: 'QUEUED' }],
    ['with a status that is no text', { deliveryStatus: 5 }],
  ])(
    '%s calls nobody, and gets them back',
    async (_what, fields) => {
      const sms = newSms();
      const { worker, record } = e2e();
      await worker({ DELIVERY_STATUSES: 'SENT,DELIVERED,MARKER' });
      await e2e().sms.insertOne(sms);
      await setStatus(e2e().sms, sms._id, 'SENT');
      await record(sms._id);
      await setStatus(e2e().sms, sms._id, 'DELIVERED');
      const before = await record(sms._id, (each) => each['deliveryStatus'] === 'DELIVERED');
      const writes = await recordWrites(sms, async () => {
        await save(sms, fields);
        await settled(e2e());
      });
      expect(await e2e().sms.findOne({ _id: sms._id })).toStrictEqual({
        ...sms,
        ...fields,
        savedAt: new Date(0),
        isLast: true,
        notify_on_delivery: before,
      });
      expect(before).toMatchObject({ earlier: [{ deliveryStatus: 'SENT', state: 'delivered' }] });
      // One per record, and none that such a write led to.
      expect(writes).toBe(2);
      expect(notified(sms._id)).toEqual(['SENT', 'DELIVERED']);
    },
    60_000,
  );

  it('is left as it is when there never were any', async () => {
    const sms = newSms();
    await e2e().worker();
    await e2e().sms.insertOne(sms);
    await save(sms);
    await settled(e2e());
    const saved = { ...sms, savedAt: new Date(0) };
    expect(await e2e().sms.findOne({ _id: sms._id })).toStrictEqual(saved);
  }, 60_000);

  it.each<[string, object]>([
    ['without a status', {}],
    ['with the status that waits', { deliveryStatus: 'DELIVERED' }],
  ])(
    '%s gets back the record of what waits for a retry',
    async (_what, fields) => {
      const { worker, record, receiver, central } = e2e();
      await central.optIn(29, 290, { url: receiver.url('/down') });
      receiver.answer('/down', { status: 503, body: 'down' });
      await worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '1h' });
      const sms = newSms({ accountID: 29, flowId: 290 });
      await e2e().sms.insertOne({ ...sms, deliveryStatus: 'DELIVERED' });
      const waiting = await record(sms._id, (each) => each['state'] === 'retrying');
      expect(waiting).toMatchObject({ attempts: 1, statusCode: 503, response: 'down' });
      await save(sms, fields);
      await settled(e2e());
      expect(await record(sms._id)).toEqual(waiting);
      const calls = receiver.requests('/down').map(({ headers }) => headers['webhook-id']);
      expect(calls.filter((id) => id === `${sms._id}:DELIVERED`)).toHaveLength(1);
    },
    60_000,
  );
});
