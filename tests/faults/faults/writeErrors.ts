import { BSON } from 'mongodb';
import { newSms, type SmsDocument } from '../../../scripts/harness/smsPlatform.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import type { Fault } from '../fault.ts';
import { flowOf } from '../load.ts';
import { play, type Scene } from '../play.ts';
import { unrecordable } from '../verdict.ts';

const ACCOUNT = 3;
/** What the largest document leaves free of 16 MiB: room for a status, not for a record. */
const ROOM_BYTES = 300;
const LARGEST_BYTES = 16 * 1024 * 1024 - ROOM_BYTES;

/** InternalError, WriteConcernFailed, ShutdownInProgress, ExceededTimeLimit. */
const passing = [1, 64, 91, 262] as const;

export const writeErrors: Fault = {
  name: 'write-errors',
  description:
    'documents that refuse the record, by a validator or near 16 MB, and writes that all fail',
  async run(context) {
    const { isLong, log, random } = context;
    const options = {
      name: this.name,
      singly: true,
      fields: () => (random.next() < 0.1 ? { [unrecordable]: true } : {}),
    };
    return await play(context, options, async (scene) => {
      log('some documents refuse the record');
      await refuseRecords(scene);
      await scene.work(1_500, 3_000);
      for (let round = 1; round <= (isLong ? 10 : 1); round += 1) {
        log('documents near 16 MB get a status');
        await writeLargest(scene);
        for (const errorCode of isLong ? passing : [random.pick(passing)]) {
          const commands = ['update', 'insert', 'delete', 'findAndModify'];
          const struck = { appName: 'notify-on-delivery', commands };
          await using failing = await failCommands(scene.client, struck, { errorCode });
          await scene.work(500, 3_000);
          log(`${await failing.lift()} writes failed with code ${errorCode}`);
          await scene.work(500, 1_500);
        }
      }
    });
  },
};

async function refuseRecords({ db, sms }: Scene): Promise<void> {
  const validator = {
    $or: [{ [unrecordable]: { $ne: true } }, { notify_on_delivery: { $exists: false } }],
  };
  await db.command({ collMod: sms.collectionName, validator });
}

/** One by an update, and one by an insert, whose event is larger than a document. */
async function writeLargest({ sms, load }: Scene): Promise<void> {
  const status = { deliveryStatus: 'DELIVERED', deliveryTime: new Date() };
  const updated = largest({});
  await sms.insertOne(updated);
  await sms.updateOne({ _id: updated._id }, { $set: status });
  const inserted = largest(status);
  await sms.insertOne(inserted);
  for (const { _id } of [updated, inserted]) load.owed.set(`${_id}:DELIVERED`, ACCOUNT);
}

function largest(fields: Readonly<Record<string, unknown>>): SmsDocument {
  const plain = newSms({ accountID: ACCOUNT, flowId: flowOf(ACCOUNT), ...fields });
  const size = BSON.calculateObjectSize({ ...plain, [unrecordable]: true, padding: '' });
  return { ...plain, [unrecordable]: true, padding: 'x'.repeat(LARGEST_BYTES - size) };
}
