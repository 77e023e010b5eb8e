import type { Fault } from '../fault.ts';
import { play } from '../play.ts';
import { forgetfulRoutes } from './mysqlOutages.ts';

const kinds = ['cut', 'refuse', 'blackhole'] as const;

export const brokenNetwork: Fault = {
  name: 'broken-network',
  description: 'connections to MongoDB and to MySQL are reset, refused, or go silent while open',
  async run(context) {
    const { isLong, log, random } = context;
    const rounds = isLong ? 36 : 6;
    const options = { name: this.name, proxied: true, settings: forgetfulRoutes };
    return await play(context, options, async ({ proxies, work }) => {
      if (proxies === null) throw new Error('the stage has no proxies');
      for (let round = 0; round < rounds; round += 1) {
        const server = round % 2 === 0 ? 'mongo' : 'mysql';
        const kind = kinds[Math.floor(round / 2) % kinds.length] ?? 'cut';
        const lengthMs = random.between(200, isLong ? 14_000 : 3_000);
        await work(500, 2_000);
        log(`${server}: ${kind} for ${(lengthMs / 1000).toFixed(1)} s`);
        await proxies[server][kind]();
        await work(lengthMs, lengthMs);
        await proxies[server].resume();
      }
      await work(1_000, 2_000);
    });
  },
};
