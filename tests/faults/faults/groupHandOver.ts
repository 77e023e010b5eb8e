import type { Fault } from '../fault.ts';
import { pathOf } from '../load.ts';
import { playGroup } from '../playGroup.ts';

/** Of all nine. They answer after up to three seconds. */
const slow = [1, 2, 3, 4] as const;
const SLOW_MS = 3_000;

export const groupHandOver: Fault = {
  name: 'group-hand-over',
  description: 'SIGTERM to each of three workers on one topic, again and again',
  async run(context) {
    const { isLong, log, random } = context;
    const rounds = isLong ? 12 : 3;
    const options = {
      ...{ name: this.name, perSecond: isLong ? 200 : 80 },
      settings: { LEASE_TTL: '10s', MAX_IN_FLIGHT: '96' },
    };
    return await playGroup(context, options, async (scene) => {
      for (const account of slow) {
        scene.receiver.answer(pathOf(account), () => ({ delayMs: random.between(2, SLOW_MS) }));
      }
      for (let round = 1; round <= rounds; round += 1) {
        await scene.work(2_000, isLong ? 6_000 : 4_000);
        log(`worker ${round} of ${rounds} is stopped`);
        const stopped = scene.stop(scene.workers[round - 1]);
        await scene.work(0, 1_000);
        await scene.worker();
        await stopped;
      }
    });
  },
};
