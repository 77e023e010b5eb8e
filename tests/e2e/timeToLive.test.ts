import { beforeAll, expect, it } from '@jest/globals';
import type { Collection } from 'mongodb';
import { newSms, setStatus, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { usePrivateReplicaSet } from '../support/mongoReplicaSet.ts';
import { readMetrics } from '../support/readMetrics.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const replicaSet = usePrivateReplicaSet({ parameters: { ttlMonitorSleepSecs: 1 } });
const settings = () => ({
  MONGODB_URI: replicaSet().uri,
  QUICK_RETRIES: '',
  RETRY_SCHEDULE: '1s',
});
let sms: Collection<SmsDocument>;

const isGone = async (_id: string): Promise<void> =>
  void (await until('the document is gone', async () => (await sms.findOne({ _id })) === null));

beforeAll(async () => {
  const { central, receiver, servers } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/hook') });
  sms = replicaSet().admin.db(servers.database).collection('SMSDetailDocument');
  await sms.createIndex({ deliveryTime: 1 }, { expireAfterSeconds: 3 });
});

it('an SMS that its time to live removes while a retry waits is notified from what was read', async () => {
  const { receiver, worker: start } = e2e();
  const worker = await start(settings());
  const document = newSms();
  receiver.answer('/hook', async () => {
    if (receiver.requests('/hook').length < 2) return { status: 503 };
    await isGone(document._id);
    return { status: 200 };
  });
  await sms.insertOne(document);
  await setStatus(sms, document._id, 'DELIVERED');
  const sent = replicaSet().admin.db(e2e().servers.database).collection('notify_on_delivery_sent');
  const end = await until('it has ended', async () => await sent.findOne({ sms: document._id }));
  expect(end).toMatchObject({ state: 'delivered' });
  const [first, second] = receiver.requests('/hook');
  expect(second?.body).toEqual(first?.body);
  await worker.line('document_gone');
  await worker.stop();
});

it('an SMS that is removed before it was read is counted', async () => {
  const document = newSms();
  await sms.insertOne(document);
  await setStatus(sms, document._id, 'DELIVERED');
  await isGone(document._id);
  const worker = await e2e().worker(settings());
  expect(await worker.line('document_gone')).toMatchObject({
    notificationId: `${document._id}:DELIVERED`,
    phase: 'read',
  });
  const counted = (await readMetrics(worker)).get('not_notified_total{reason="document_gone"}');
  expect(counted).toBe(1);
});
