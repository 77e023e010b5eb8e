import type { Document } from 'mongodb';
import type { Fault } from '../fault.ts';
import { play, type Scene } from '../play.ts';

export const killedCursors: Fault = {
  name: 'killed-cursors',
  description: "the change stream's cursor and the worker's operations are killed in the server",
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 300 : 20;
    return await play(context, { name: this.name }, async (scene) => {
      let killed = 0;
      for (let round = 1; round <= rounds; round += 1) {
        await scene.work(50, 500);
        killed += round % 2 === 1 ? await killCursors(scene) : await killOperations(scene);
      }
      log(`${killed} killed`);
    });
  },
};

async function killCursors(scene: Scene): Promise<number> {
  const found = await operations(scene, {
    'cursor.originatingCommand.comment': 'notify-on-delivery',
  });
  const cursors = found.map(({ cursor }) => (cursor as Document)['cursorId'] as unknown);
  if (cursors.length === 0) return 0;
  await scene.db.command({ killCursors: scene.sms.collectionName, cursors });
  return cursors.length;
}

async function killOperations(scene: Scene): Promise<number> {
  const found = await operations(scene, { appName: 'notify-on-delivery', active: true });
  for (const { opid } of found) {
    await scene.client.db('admin').command({ killOp: 1, op: opid as unknown });
  }
  return found.length;
}

async function operations(scene: Scene, match: Document): Promise<readonly Document[]> {
  return await scene.client
    .db('admin')
    .aggregate([{ $currentOp: { allUsers: true, idleCursors: true } }, { $match: match }], {
      readConcern: 'local',
    })
    .toArray();
}
