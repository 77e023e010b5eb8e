import { compare } from '../compare.ts';
import { OTHER, WORKER } from '../contenders.ts';
import { target } from '../report.ts';
import type { Scenario } from '../scenario.ts';

const COUNT = 1_000;
/** In a quick run too: a single start says little. */
const ROUNDS = 3;

/** What a start costs until V8 has compiled the code in use. Every deployment and every handover pays this. */
export const cold: Scenario = {
  name: 'cold',
  title: `the first ${COUNT.toLocaleString('en-US')} statuses after a start, without a warm-up`,
  async run(lab) {
    const names = [WORKER, OTHER.name, 'naive-64'];
    const compared = await compare(
      { ...lab, warmUp: 0, rounds: ROUNDS },
      lab.contenders.filter(({ name }) => names.includes(name)),
      { count: COUNT, limitMs: 30_000, delayMs: 0, perSecond: null },
    );
    const naive = compared.against.find(({ name }) => name === 'naive-64');
    return {
      ...compared,
      targets: [target('rate / naive, 64 at once', naive?.perSecond, '≥ 0.8 ×')],
    };
  },
};
