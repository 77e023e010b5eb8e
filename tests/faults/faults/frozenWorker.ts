import type { WorkerProcess } from '../../../scripts/harness/workerProcess.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { play, type Scene } from '../play.ts';
import { shortLease } from '../stage.ts';

export const frozenWorker: Fault = {
  name: 'frozen-worker',
  description: 'SIGSTOP of the active worker for longer than its lease, with a standby and without',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 24 : 3;
    const options = { name: this.name, workers: 2, settings: shortLease };
    return await play(context, options, async (scene) => {
      for (let round = 1; round <= rounds; round += 1) {
        const active = await until('one of them works', () => scene.workers.find(holdsLease));
        const other = scene.workers.find((worker) => worker !== active);
        await scene.work(300, 1_500);
        log(`freeze ${round} of ${rounds}`);
        await freeze(active, scene, async () => {
          await until('the other has taken over', () => other !== undefined && holdsLease(other));
          await scene.work(0, 3_000);
        });
        await until('it has noticed', () => !holdsLease(active));
      }
      const active = scene.workers.find(holdsLease);
      await scene.workers.find((worker) => worker !== active)?.stop();
      if (active === undefined) return;
      log('freeze without a standby');
      await freeze(active, scene, async () => await scene.work(2_500, 5_000));
      await scene.work(1_000, 2_000);
    });
  },
};

async function freeze(
  worker: WorkerProcess,
  scene: Scene,
  meanwhile: () => Promise<void>,
): Promise<void> {
  await worker.signal('SIGSTOP');
  try {
    await scene.countAtRisk();
    await meanwhile();
  } finally {
    await worker.signal('SIGCONT');
  }
}

function holdsLease(worker: WorkerProcess): boolean {
  const last = worker.lines.findLast(({ event }) => event.startsWith('lease_'));
  return last?.event === 'lease_acquired';
}
