import type { Fault } from '../fault.ts';
import { play } from '../play.ts';

export const killedMongod: Fault = {
  name: 'killed-mongod',
  description: 'kill -9 of the only mongod, which comes back after a while',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 20 : 3;
    return await play(context, { name: this.name }, async (scene) => {
      const mongod = await scene.replicaSet.primary();
      for (let round = 1; round <= rounds; round += 1) {
        await scene.work(1_000, 3_000);
        log(`kill ${round} of ${rounds}`);
        await mongod.kill();
        await scene.work(0, 4_000);
        await mongod.start();
        await scene.replicaSet.primary();
      }
      await scene.work(1_000, 2_000);
    });
  },
};
