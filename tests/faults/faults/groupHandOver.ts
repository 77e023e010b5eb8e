import type { Fault } from '../fault.ts';
import { pathOf } from '../load.ts';
import { playGroup } from '../playGroup.ts';

/** Of all nine. They answer after up to three seconds. */
const slow = [1, 2, 3, 4] as const;
const SLOW_MS = 3_000;

/**
 * A release is held to as many statuses, and to slower answers, at a rate that two cores take: at a higher one the
 * receiver is so late that calls time out, which repeats them. With a stop every six seconds, no partition is with a
 * worker for long enough to count in its share of the calls at an endpoint.
 */
const long = {
  ...{ rounds: 6, leastMs: 20_000, mostMs: 30_000 },
  ...{ statuses: 50_000, perSecond: 250, behindAtMost: 1_500, fastestMs: 2_500 },
  settings: { MAX_IN_FLIGHT: '1500', MAX_IN_FLIGHT_PER_ENDPOINT: '600' },
} as const;
const short = {
  ...{ rounds: 3, leastMs: 2_000, mostMs: 4_000 },
  ...{ statuses: 0, perSecond: 80, behindAtMost: 1_000, fastestMs: 2 },
  settings: { MAX_IN_FLIGHT: '96' },
} as const;

export const groupHandOver: Fault = {
  name: 'group-hand-over',
  description: 'SIGTERM to each of three workers on one topic, again and again',
  async run(context) {
    const { isLong, log, random } = context;
    const { rounds, leastMs, mostMs, statuses, ...load } = isLong ? long : short;
    const { perSecond, behindAtMost, fastestMs, settings } = load;
    const options = {
      ...{ name: this.name, perSecond, behindAtMost },
      settings: { LEASE_TTL: '10s', ...settings },
    };
    return await playGroup(context, options, async (scene) => {
      for (const account of slow) {
        scene.receiver.answer(pathOf(account), () => ({
          delayMs: random.between(fastestMs, SLOW_MS),
        }));
      }
      const { owed } = scene.load;
      const beganAt = performance.now();
      for (let round = 1; round <= rounds || owed.size < statuses; round += 1) {
        await scene.work(leastMs, mostMs);
        log(`worker ${round} is stopped`);
        const stopped = scene.stop(scene.workers[round - 1]);
        await scene.work(0, 1_000);
        await scene.worker();
        await stopped;
      }
      const seconds = (performance.now() - beganAt) / 1_000;
      log(`${Math.round(owed.size / seconds)} statuses a second`);
    });
  },
};
