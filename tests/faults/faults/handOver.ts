import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { play } from '../play.ts';

const patience = { timeoutMs: 60_000, intervalMs: 20 } as const;

export const handOver: Fault = {
  name: 'hand-over',
  description: 'SIGTERM to the active one of two workers, again and again',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 20 : 3;
    const options = {
      name: this.name,
      workers: 2,
      perSecond: isLong ? 200 : 80,
      settings: { LEASE_TTL: '60s' },
    };
    return await play(context, options, async (scene) => {
      let [active, standby] = scene.workers;
      for (let round = 1; round <= rounds && active !== undefined; round += 1) {
        await standby?.line('standby');
        await scene.work(0, isLong ? 6_000 : 1_500);
        const stopped = active.stop();
        log(`hand-over ${round} of ${rounds}`);
        const hasTaken = (): boolean =>
          standby?.lines.some(({ event }) => event === 'lease_acquired') === true;
        await until('the standby has taken over', hasTaken, patience);
        await stopped;
        active = standby;
        standby = await scene.worker();
      }
    });
  },
};
