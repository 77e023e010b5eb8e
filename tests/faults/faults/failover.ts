import type { Fault } from '../fault.ts';
import { play } from '../play.ts';

export const failover: Fault = {
  name: 'failover',
  description: 'three members: the primary steps down, or is killed and comes back',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 20 : 2;
    return await play(context, { name: this.name, members: 3 }, async (scene) => {
      const { client, replicaSet } = scene;
      for (let round = 1; round <= rounds; round += 1) {
        await scene.work(1_000, 3_000);
        const primary = await replicaSet.primary();
        if (round % 2 === 1) {
          log('the primary steps down');
          const command = { replSetStepDown: 10, secondaryCatchUpPeriodSecs: 5, force: true };
          // The server may end the connection in place of an answer.
          await client
            .db('admin')
            .command(command)
            .catch(() => undefined);
        } else {
          log('the primary is killed');
          await primary.kill();
          await replicaSet.primary();
          await scene.work(0, 2_000);
          await primary.start();
        }
      }
      await replicaSet.primary();
      await scene.work(1_000, 2_000);
    });
  },
};
