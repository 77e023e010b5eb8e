import { rollOplogOver, smallOplogArgs } from '../../support/oplogRollover.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { play, type Scene } from '../play.ts';

export const rolledOplog: Fault = {
  name: 'rolled-oplog',
  description:
    'the oplog rolls over while no worker runs, and while one that keeps its lease lags behind',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 6 : 1;
    const options = {
      name: this.name,
      mongod: { args: smallOplogArgs },
      singly: true,
      perSecond: 50,
      settings: { LEASE_TTL: '60s' },
    };
    return await play(context, options, async (scene) => {
      for (let round = 1; round <= rounds; round += 1) {
        await scene.work(500, 1_500);
        const searches = countSearches(scene);
        if (round % 2 === 0) {
          log('no worker runs while the oplog rolls over');
          await scene.workers.at(-1)?.stop();
          await rollOplogOver(scene.client);
          await scene.worker();
        } else {
          log('the worker lags while the oplog rolls over');
          await lag(scene, async () => await rollOplogOver(scene.client));
        }
        const isSearched = (): boolean => countSearches(scene) > searches;
        await until('what was lost is searched for', isSearched, { timeoutMs: 60_000 });
      }
      await scene.work(500, 1_500);
    });
  },
};

function countSearches({ workers }: Scene): number {
  return workers.flatMap(({ lines }) => lines).filter(({ event }) => event === 'gap_scan_started')
    .length;
}

async function lag({ workers, countAtRisk }: Scene, meanwhile: () => Promise<void>): Promise<void> {
  await workers.at(-1)?.signal('SIGSTOP');
  try {
    await countAtRisk();
    await meanwhile();
  } finally {
    await workers.at(-1)?.signal('SIGCONT');
  }
}
