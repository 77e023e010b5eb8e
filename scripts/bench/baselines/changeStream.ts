/** Reads the changes and does nothing with them: what reading alone costs. */
import { MongoClient, type ChangeStreamUpdateDocument } from 'mongodb';
import { converse, readTask, say } from './task.ts';

interface Sms {
  readonly _id: string;
  readonly deliveryStatus?: string;
}

const { mongodbUri, database, collection } = readTask();
const client = new MongoClient(mongodbUri);
const arrivals: (readonly [id: string, atUs: number])[] = [];

converse((question) => {
  if (question.kind === 'count') say({ kind: 'count', count: arrivals.length });
  else if (question.kind === 'arrivals') say({ kind: 'arrivals', arrivals });
});
const stream = client
  .db(database)
  .collection<Sms>(collection)
  .watch<Sms, ChangeStreamUpdateDocument<Sms>>(
    [
      {
        $match: {
          operationType: 'update',
          'updateDescription.updatedFields.deliveryStatus': { $exists: true },
        },
      },
    ],
    { batchSize: 1_000 },
  );
// The stream is opened by its first read.
await stream.tryNext();
say({ kind: 'ready' });
for await (const { documentKey, updateDescription } of stream) {
  const status = updateDescription.updatedFields?.deliveryStatus;
  arrivals.push([`${documentKey._id}:${status}`, Number(process.hrtime.bigint() / 1_000n)]);
}
