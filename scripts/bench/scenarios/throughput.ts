import { compare } from '../compare.ts';
import { WORKER } from '../contenders.ts';
import type { Lab } from '../lab.ts';
import { measure, type Plan } from '../measure.ts';
import type { Scenario } from '../scenario.ts';

export const throughput: Scenario = {
  name: 'throughput',
  title: 'statuses at full speed, 20 endpoints that answer at once',
  async run(lab) {
    return await compare(lab, lab.contenders, planFor(lab));
  },
};

function planFor({ isQuick }: Lab): Plan {
  return {
    count: isQuick ? 3_000 : 20_000,
    limitMs: isQuick ? 5_000 : 30_000,
    delayMs: 0,
    perSecond: null,
  };
}

/** That of the worker, measured once, in notifications a second. */
export async function workerThroughput(lab: Lab): Promise<number> {
  const worker = lab.contenders.find(({ name }) => name === WORKER);
  if (worker === undefined) throw new Error('there is no worker among the contenders');
  lab.tell('how much the worker can do');
  return (await measure(lab, worker, planFor(lab))).perSecond;
}
