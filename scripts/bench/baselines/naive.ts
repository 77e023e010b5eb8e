/**
 * What one writes first: `watch()` with the look-up of the document, `got.post`, `updateOne`. It asks no
 * MySQL, retries nothing and remembers nothing, so a crash loses what was under way.
 */
import { got } from 'got';
import { MongoClient } from 'mongodb';
import { converse, createSlots, openStatusChanges, readTask, reply } from './task.ts';

interface Sms {
  readonly _id: string;
  readonly accountID: number;
  readonly phononUuid: string;
  readonly deliveryStatus?: string;
  readonly [field: string]: unknown;
}

const { mongodbUri, database, collection, urls, firstAccount, concurrency } = readTask();
const client = new MongoClient(mongodbUri);
const collectionOfSms = client.db(database).collection<Sms>(collection);
const slots = createSlots(concurrency);

async function notify(sms: Sms): Promise<void> {
  const { _id, _class: _, notify_on_delivery: __, ...details } = sms;
  const url = urls[sms.accountID - firstAccount] ?? '';
  const { statusCode, body } = await got.post(url, {
    json: { 'phonon-uuid': sms.phononUuid, smsDetails: [{ id: _id, ...details }] },
    headers: { 'webhook-id': `${_id}:${String(sms.deliveryStatus)}` },
    throwHttpErrors: false,
    retry: { limit: 0 },
  });
  const record = {
    state: statusCode < 300 ? 'delivered' : 'failed',
    deliveryStatus: sms.deliveryStatus,
    statusCode,
    response: body,
    lastAttemptAt: new Date(),
  };
  await collectionOfSms.updateOne({ _id }, { $set: { notify_on_delivery: record } });
}

converse(() => undefined);
const stream = await openStatusChanges(collectionOfSms, { fullDocument: 'updateLookup' });
reply('ready');
for await (const { fullDocument } of stream) {
  if (fullDocument !== undefined) await slots.run(async () => await notify(fullDocument));
}
