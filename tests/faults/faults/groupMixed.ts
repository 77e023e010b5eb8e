import type { WorkerProcess } from '../../../scripts/harness/workerProcess.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { playGroup, type GroupScene } from '../playGroup.ts';

/** Of workers that take statuses from the change stream. */
const withoutTopic = { KAFKA_BROKERS: '', KAFKA_TOPIC: '' } as const;
const patience = { timeoutMs: 60_000, intervalMs: 50 } as const;

export const groupMixed: Fault = {
  name: 'group-mixed',
  description: 'from the change stream to a topic and back, with workers of both kinds for a while',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 3 : 1;
    return await playGroup(context, { name: this.name, workers: 0 }, async (scene) => {
      let streaming = await start(2, scene, withoutTopic);
      for (let round = 1; round <= rounds; round += 1) {
        await scene.work(2_000, 3_000);
        log('to the topic: workers of both kinds');
        const group = await start(3, scene);
        await scene.work(2_000, 3_000);
        mustHoldNothing(scene);
        log('to the topic: those of the change stream are stopped');
        await stop(streaming, scene);
        await scene.untilAllHeld();
        await scene.work(3_000, 4_000);
        log('back: workers of both kinds');
        streaming = await start(2, scene, withoutTopic);
        await scene.work(2_000, 3_000);
        if (streaming.some(holdsLease)) throw new Error('two kinds of workers work at once');
        log('back: those of the topic are stopped');
        await stop(group, scene);
        await until('one of the others works', () => streaming.some(holdsLease), patience);
        await scene.work(3_000, 4_000);
      }
    });
  },
};

async function start(
  count: number,
  scene: GroupScene,
  settings: Readonly<Record<string, string>> = {},
): Promise<readonly WorkerProcess[]> {
  return await Promise.all(Array.from({ length: count }, async () => await scene.worker(settings)));
}

async function stop(workers: readonly WorkerProcess[], scene: GroupScene): Promise<void> {
  await Promise.all(workers.map(async (worker) => await scene.stop(worker)));
}

function mustHoldNothing(scene: GroupScene): void {
  const held = scene.holdings().filter(({ until: end }) => end === null);
  if (held.length > 0) throw new Error('two kinds of workers work at once');
}

function holdsLease({ lines }: WorkerProcess): boolean {
  return lines.findLast(({ event }) => event.startsWith('lease_'))?.event === 'lease_acquired';
}
