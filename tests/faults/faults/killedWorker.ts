import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { pathOf } from '../load.ts';
import { play, type Scene } from '../play.ts';
import { shortLease } from '../stage.ts';

/** Its endpoint fails half of the time, so that whole documents are saved while their SMS' calls wait. */
const failing = 9;
const PHASE_MS = 6_000;

/** In the long form: statuses in all. */
const STATUSES = 20_000;
const patience = { timeoutMs: 300_000, intervalMs: 50 } as const;

export const killedWorker: Fault = {
  name: 'killed-worker',
  description: 'kill -9 of the worker at random moments, and right after an endpoint has answered',
  async run(context) {
    const { random, isLong, log } = context;
    const rounds = isLong ? 20 : 4;
    const options = { name: this.name, settings: shortLease, perSecond: isLong ? 400 : 80 };
    return await play(context, options, async (scene) => {
      letFail(scene, () => random.between(2, 60));
      for (let round = 1; round <= rounds; round += 1) {
        const worker = scene.workers.at(-1);
        await scene.work(0, 1_500);
        const isAtAnswer = round % 2 === 0;
        if (isAtAnswer) await scene.receiver.nextDelivery();
        await worker?.kill();
        log(`kill ${round} of ${rounds}${isAtAnswer ? ', at an answer' : ''}`);
        await scene.countAtRisk();
        await scene.worker();
        if (random.next() < 0.5) await scene.receiver.nextDelivery();
        if (isLong) await untilWritten((STATUSES * round) / rounds, scene);
      }
    });
  },
};

function letFail({ receiver }: Scene, delayMs: () => number): void {
  receiver.answer(pathOf(failing), () =>
    Math.floor(performance.now() / PHASE_MS) % 2 === 0 ? { status: 500 } : { delayMs: delayMs() },
  );
}

async function untilWritten(statuses: number, { load }: Scene): Promise<void> {
  await until(`${statuses} statuses are written`, () => load.owed.size >= statuses, patience);
}
