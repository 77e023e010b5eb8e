import { compare } from '../compare.ts';
import { WORKER } from '../contenders.ts';
import { target } from '../report.ts';
import type { Scenario } from '../scenario.ts';

const PER_SECOND = 200;
/** How much longer than the writing it may take until the last has arrived. */
const TAIL_MS = 5_000;

/** What a customer waits for on an ordinary day; bare loops know no status to wait for. */
export const paced: Scenario = {
  name: 'paced',
  title: `${PER_SECOND} statuses a second, 20 endpoints that answer at once`,
  async run(lab) {
    const seconds = lab.isQuick ? 5 : 30;
    const followers = lab.contenders.filter(({ drivenBy }) => drivenBy === 'statuses');
    const compared = await compare(lab, followers, {
      count: seconds * PER_SECOND,
      limitMs: seconds * 1_000 + TAIL_MS,
      delayMs: 0,
      perSecond: PER_SECOND,
      idleMs: lab.isQuick ? 3_000 : 10_000,
    });
    const idleCpu = compared.rows.find(({ name }) => name === WORKER)?.idleCpu ?? null;
    const percent = idleCpu === null ? null : 100 * idleCpu;
    const reading = compared.against.find(({ name }) => name === 'change-stream');
    return {
      ...compared,
      targets: [
        target('idle CPU of the worker, % of a core', percent, '≤ 1 %'),
        target('p50 / only reading changes', reading?.p50, '≤ 2.5 ×'),
        target('p99 / only reading changes', reading?.p99, '≤ 4 ×'),
      ],
    };
  },
};
