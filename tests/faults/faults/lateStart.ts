import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { play } from '../play.ts';
import { shortLease } from '../stage.ts';

const kinds = [['mongo'], ['mysql'], ['mongo', 'mysql']] as const;

/** More than the driver's first search for a server takes. */
const VAIN = 2;

export const lateStart: Fault = {
  name: 'late-start',
  description:
    'a worker is started while MongoDB, MySQL or both are away, and for long enough to give up',
  async run(context) {
    const { isLong, log, random } = context;
    const options = { name: this.name, proxied: true, settings: shortLease };
    return await play(context, options, async (scene) => {
      const { proxies } = scene;
      if (proxies === null) throw new Error('the stage has no proxies');
      for (const away of isLong ? [...kinds, ...kinds] : [kinds[2]]) {
        await scene.work(300, 800);
        await scene.workers.at(-1)?.stop();
        for (const server of away) await proxies[server].refuse();
        const begun = scene.workers.length;
        const starting = scene.worker();
        const event = `waiting_for_${away[0] === 'mongo' ? 'mongodb' : 'mysql'}`;
        const waits = (): number =>
          scene.workers[begun]?.lines.filter((line) => line.event === event).length ?? 0;
        await until(`${event} is said`, () => waits() > VAIN, { timeoutMs: 60_000 });
        await scene.work(0, isLong ? random.between(0, 30_000) : 500);
        log(`${away.join(' and ')} back after ${waits()} refusals`);
        for (const server of away) await proxies[server].resume();
        await starting;
      }
    });
  },
};
