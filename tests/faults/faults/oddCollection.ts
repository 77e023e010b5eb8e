import type { Fault } from '../fault.ts';
import { play } from '../play.ts';
import { shortLease } from '../stage.ts';

export const oddCollection: Fault = {
  name: 'odd-collection',
  description: 'kill -9 of the worker over an SMS collection that is clustered and has a collation',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 10 : 1;
    const options = {
      name: this.name,
      settings: shortLease,
      perSecond: isLong ? 200 : 60,
      collection: {
        clusteredIndex: { key: { _id: 1 as const }, unique: true },
        collation: { locale: 'en', strength: 1 },
      },
    };
    return await play(context, options, async (scene) => {
      for (let round = 1; round <= rounds; round += 1) {
        await scene.work(500, 1_500);
        await scene.receiver.nextDelivery();
        await scene.workers.at(-1)?.kill();
        log(`kill ${round} of ${rounds}`);
        await scene.countAtRisk();
        await scene.worker();
      }
      await scene.receiver.nextDelivery();
    });
  },
};
