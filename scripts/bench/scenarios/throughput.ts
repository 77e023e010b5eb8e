import { compare } from '../compare.ts';
import type { Scenario } from '../scenario.ts';

export const throughput: Scenario = {
  name: 'throughput',
  title: 'statuses at full speed, 20 endpoints that answer at once',
  async run(lab) {
    return await compare(lab, lab.contenders, {
      count: lab.isQuick ? 3_000 : 20_000,
      limitMs: lab.isQuick ? 5_000 : 30_000,
      delayMs: 0,
      perSecond: null,
    });
  },
};
