import type { Fault } from '../fault.ts';
import { play } from '../play.ts';

export const killedWorker: Fault = {
  name: 'killed-worker',
  description: 'kill -9 of the worker at random moments, and right after an endpoint has answered',
  async run(context) {
    const { random, isLong, log } = context;
    const rounds = isLong ? 60 : 6;
    return await play(context, { name: this.name }, async (scene) => {
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
      }
    });
  },
};
