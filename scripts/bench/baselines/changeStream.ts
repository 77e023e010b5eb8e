/** Reads the changes and does nothing with them: what reading alone costs. */
import { MongoClient } from 'mongodb';
import { nowUs } from '../clock.ts';
import { converse, openStatusChanges, readTask, reply } from './task.ts';

interface Sms {
  readonly _id: string;
  readonly deliveryStatus?: string;
}

const { mongodbUri, database, collection } = readTask();
const client = new MongoClient(mongodbUri);
const arrivals: (readonly [id: string, atUs: number])[] = [];

converse((question) => {
  if (question.kind === 'count') reply(arrivals.length);
  else if (question.kind === 'arrivals') reply(arrivals);
});
const collectionOfSms = client.db(database).collection<Sms>(collection);
const stream = await openStatusChanges(collectionOfSms, { batchSize: 1_000 });
reply('ready');
for await (const { documentKey, updateDescription } of stream) {
  const status = updateDescription.updatedFields?.deliveryStatus;
  arrivals.push([`${documentKey._id}:${status}`, nowUs()]);
}
