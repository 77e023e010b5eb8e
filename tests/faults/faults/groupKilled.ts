import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { pathOf } from '../load.ts';
import { playGroup, type GroupScene } from '../playGroup.ts';

const SESSION_MS = 5_000;
/** Of all nine. Some of their calls are always under way. */
const slow = [1, 2, 3, 4] as const;

export const groupKilled: Fault = {
  name: 'group-killed',
  description: 'kill -9 of one of three workers, and SIGSTOP for longer than two sessions',
  async run(context) {
    const { isLong, log, random } = context;
    const [kills, freezes] = isLong ? [5, 2] : [2, 1];
    const settings = { LEASE_TTL: `${SESSION_MS}ms`, MAX_IN_FLIGHT: '96' };
    return await playGroup(context, { name: this.name, settings }, async (scene) => {
      for (const account of slow) {
        scene.receiver.answer(pathOf(account), () => ({ delayMs: random.between(100, 1_500) }));
      }
      for (let round = 1; round <= kills; round += 1) {
        await scene.untilAllHeld();
        await scene.work(1_000, 2_000);
        log(`kill ${round} of ${kills}`);
        await scene.kill(random.pick(scene.present()));
        await tellTakeOver(scene, log);
        await scene.worker();
      }
      for (let round = 1; round <= freezes; round += 1) {
        await scene.untilAllHeld();
        await scene.work(1_000, 2_000);
        log(`freeze ${round} of ${freezes}`);
        const frozen = random.pick(scene.present());
        await scene.freeze(frozen, async () => {
          await tellTakeOver(scene, log);
          await scene.work(2 * SESSION_MS, 3 * SESSION_MS);
        });
        const hasNoticed = (): boolean => frozen.lines.some(({ event }) => event === 'lease_lost');
        await until('it has noticed', hasNoticed, { timeoutMs: 30_000 });
      }
      await scene.untilAllHeld();
      await scene.work(1_000, 2_000);
    });
  },
};

async function tellTakeOver(scene: GroupScene, log: (text: string) => void): Promise<void> {
  log(`taken over after ${(await scene.untilAllHeld()).toFixed(1)} s`);
}
