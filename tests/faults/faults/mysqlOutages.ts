import type { Fault } from '../fault.ts';
import { play } from '../play.ts';

/** Answers are soon too old to be used, so that an outage stops the work. */
export const forgetfulRoutes = { ROUTE_CACHE_TTL: '1s', ROUTE_CACHE_STALE: '2s' } as const;

export const mysqlOutages: Fault = {
  name: 'mysql-outages',
  description: 'MySQL killed, frozen, and stopped, for longer than an old answer may be used',
  async run(context) {
    const { isLong, log, random } = context;
    const kinds = ['killed', 'frozen', 'stopped'] as const;
    const rounds = isLong ? 24 : 3;
    return await play(context, { name: this.name, settings: forgetfulRoutes }, async (scene) => {
      const { mysql } = scene;
      for (let round = 0; round < rounds; round += 1) {
        const kind = kinds[round % kinds.length];
        const lengthMs = random.between(500, 6_000);
        await scene.work(1_000, 2_000);
        log(`${kind} for ${(lengthMs / 1000).toFixed(1)} s`);
        if (kind === 'killed') await mysql.kill();
        else if (kind === 'stopped') await mysql.stop();
        else await mysql.pause();
        await scene.work(lengthMs, lengthMs);
        if (kind === 'frozen') mysql.resume();
        else await mysql.start();
      }
      await scene.work(1_000, 2_000);
    });
  },
};
