import { compare } from '../compare.ts';
import type { Scenario } from '../scenario.ts';

export const latency20 = answeringAfter(20);
export const latency200 = answeringAfter(200);

/** Shows how much is under way at a time; reading alone calls nobody and is left out. */
function answeringAfter(delayMs: number): Scenario {
  return {
    name: `latency${delayMs}`,
    title: `statuses at full speed, 20 endpoints that answer after ${delayMs} ms`,
    async run(lab) {
      const callers = lab.contenders.filter(({ seenBy }) => seenBy === 'receiver');
      return await compare(lab, callers, {
        count: lab.isQuick ? 3_000 : 20_000,
        limitMs: lab.isQuick ? 5_000 : 20_000,
        delayMs,
        perSecond: null,
      });
    },
  };
}
