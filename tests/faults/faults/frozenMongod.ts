import type { Fault } from '../fault.ts';
import { play } from '../play.ts';

/** Longer than the driver's heartbeat takes to give a silent server up. */
const LONGEST_MS = 13_000;

export const frozenMongod: Fault = {
  name: 'frozen-mongod',
  description: 'SIGSTOP and SIGCONT of the only mongod',
  async run(context) {
    const { isLong, log } = context;
    const pauses = isLong
      ? Array.from({ length: 20 }, (_, index) => (index * LONGEST_MS) / 19)
      : [500, 2_500, LONGEST_MS];
    return await play(context, { name: this.name }, async (scene) => {
      const mongod = await scene.replicaSet.primary();
      for (const pauseMs of pauses) {
        await scene.work(1_000, 2_000);
        log(`frozen for ${(pauseMs / 1000).toFixed(1)} s`);
        await mongod.pause();
        await scene.work(pauseMs, pauseMs);
        mongod.resume();
      }
      await scene.work(1_000, 2_000);
    });
  },
};
