import type { Fault } from '../fault.ts';
import { play } from '../play.ts';

export const handOver: Fault = {
  name: 'hand-over',
  description: 'SIGTERM to the active one of two workers, again and again',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 40 : 4;
    const options = { name: this.name, workers: 2, settings: { LEASE_TTL: '60s' } };
    return await play(context, options, async (scene) => {
      let [active, standby] = scene.workers;
      for (let round = 1; round <= rounds && active !== undefined; round += 1) {
        await standby?.line('standby');
        await scene.work(0, 1_500);
        const stopped = active.stop();
        log(`hand-over ${round} of ${rounds}`);
        await standby?.line('lease_taken');
        await stopped;
        active = standby;
        standby = await scene.worker();
      }
    });
  },
};
