import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import type { Fault } from '../fault.ts';
import { flowOf } from '../load.ts';
import { play, type Scene } from '../play.ts';

/** By name, what happens to the collection; the load is writing when it begins and when it ends. */
export const happenings: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'dropped while nobody writes, and made anew': async (scene) => {
    await scene.load.pause();
    await scene.untilNotified();
    await scene.sms.drop();
    scene.load.resume();
  },
  'dropped under the load': async (scene) => {
    await scene.sms.drop();
    // By now those writes that the drop met have been acknowledged.
    await scene.work(500, 500);
    const before = [...scene.load.owed.keys()];
    await scene.load.pause();
    await forgetGone(before, scene);
    scene.load.resume();
  },
  'renamed, and back': async ({ db, sms, load, work }) => {
    await load.pause();
    await db.renameCollection(sms.collectionName, 'Elsewhere');
    await work(0, 2_000);
    await db.renameCollection('Elsewhere', sms.collectionName);
    load.resume();
  },
  'replaced by a copy of itself, with statuses that no stream has shown': async (scene) => {
    const { db, sms, load } = scene;
    await load.pause();
    await sms.aggregate([{ $out: 'Copy' }]).toArray();
    const documents = Array.from({ length: 20 }, () =>
      newSms({ accountID: 2, flowId: flowOf(2), deliveryStatus: 'SENT', deliveryTime: new Date() }),
    );
    await db.collection<(typeof documents)[number]>('Copy').insertMany(documents);
    await db.renameCollection('Copy', sms.collectionName, { dropTarget: true });
    for (const { _id } of documents) load.owed.set(`${_id}:SENT`, 2);
    load.resume();
  },
};

export const collectionGone: Fault = {
  name: 'collection-gone',
  description:
    'the SMS collection is dropped and made anew, renamed and renamed back, and replaced',
  async run(context) {
    const { isLong, log } = context;
    return await play(context, { name: this.name, singly: true }, async (scene) => {
      for (let round = 1; round <= (isLong ? 4 : 1); round += 1) {
        for (const [name, happen] of Object.entries(happenings)) {
          await scene.work(500, 1_500);
          log(name);
          await happen(scene);
        }
      }
      await scene.work(500, 1_500);
    });
  },
};

/** What was written before a drop and can't be read any more is owed by nobody. */
async function forgetGone(ids: readonly string[], scene: Scene): Promise<void> {
  const { sms, load, receiver } = scene;
  const smsIds = ids.map((id) => id.slice(0, id.indexOf(':')));
  const there = await sms.find({ _id: { $in: smsIds } }, { projection: { _id: 1 } }).toArray();
  const present = new Set(there.map(({ _id }) => _id));
  for (const [index, id] of ids.entries()) {
    const isGone = !present.has(smsIds[index] ?? '');
    if (isGone && !receiver.deliveredAt.has(id)) load.owed.delete(id);
  }
}
