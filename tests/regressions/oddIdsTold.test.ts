import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { insertRaw, rawFields, rawText, written, type RawValue } from '../support/rawBson.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

beforeAll(async () => {
  const { central, receiver, worker } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/told') });
  await central.optIn(29, 290, { url: receiver.url('/later') });
  await worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '1s,1s' });
});

async function insert(id: RawValue, name: string, fields: Document): Promise<void> {
  const { mongodbUri, database } = e2e().servers;
  const { hostname, port } = new URL(mongodbUri);
  const others = Object.entries(newSms({ name, ...fields })).filter(([each]) => each !== '_id');
  const document = rawFields(
    ['_id', id],
    ...others.map(([each, value]) => [each, written(value)] as const),
  );
  const where = { database, collection: e2e().sms.collectionName };
  await insertRaw({ host: hostname, port: Number(port) }, where, [document]);
}

async function recordOf(name: string): Promise<Document> {
  return await until(`${name} has its record`, async () => {
    const shown = { projection: { _id: 0, notify_on_delivery: 1 } };
    const record = (await e2e().sms.findOne({ name }, shown))?.['notify_on_delivery'] as
      Document | undefined;
    return record?.['state'] === 'delivered' ? record : null;
  });
}

const odd = (text: string): RawValue => rawText(Buffer.from(text, 'latin1'));

// The status was counted as one of a document that is gone: what was looked up was the text that can be read of it.
describe('an _id that is text but no UTF-8', () => {
  it.each<readonly [string, (id: RawValue, name: string) => Promise<void>]>([
    [
      'inserted with its status',
      async (id, name) => await insert(id, name, { deliveryStatus: 'DELIVERED' }),
    ],
    [
      'updated',
      async (id, name) => {
        await insert(id, name, { deliveryStatus: null });
        await e2e().sms.updateOne({ name }, { $set: { deliveryStatus: 'DELIVERED' } });
      },
    ],
  ])('is notified, by what can be read of it, and recorded: %s', async (how, write) => {
    await write(odd(`\xff${how}`), how);
    const record = await recordOf(how);
    const name = encodeURIComponent(`\uFFFD${how}`);
    expect(record).toMatchObject({ notificationId: `${name}:DELIVERED`, statusCode: 200 });
  });

  it('is notified and recorded by a retry from durable state', async () => {
    const { receiver, sms } = e2e();
    receiver.answer('/later', [{ status: 500 }, { status: 200 }]);
    await insert(odd('later\xfe'), 'later', { accountID: 29, flowId: 290, deliveryStatus: null });
    await sms.updateOne({ name: 'later' }, { $set: { deliveryStatus: 'DELIVERED' } });
    expect(await recordOf('later')).toMatchObject({ attempts: 2, statusCode: 200 });
  });
});
