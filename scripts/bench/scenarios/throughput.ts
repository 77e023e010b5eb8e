import { compare } from '../compare.ts';
import { WORKER, workerContender } from '../contenders.ts';
import type { Lab } from '../lab.ts';
import type { Plan } from '../measure.ts';
import { target } from '../report.ts';
import type { Scenario } from '../scenario.ts';

export const throughput: Scenario = {
  name: 'throughput',
  title: 'statuses at full speed, 20 endpoints that answer at once',
  async run(lab) {
    const compared = await compare(lab, lab.contenders, fullSpeed(lab));
    const { rows, against } = compared;
    lab.earlier.workerPerSecond = rows.find(({ name }) => name === WORKER)?.perSecond ?? null;
    const naive = against.find(({ name }) => name === 'naive-64');
    const stream = against.find(({ name }) => name === 'got-stream-post');
    return {
      ...compared,
      targets: [
        target('CPU of the worker per notification / naive, 64 at once', naive?.cpuUs, '≤ 0.4 ×'),
        target('rate / naive, 64 at once', naive?.perSecond, '≥ 2.5 ×'),
        target('rate / only got.stream.post', stream?.perSecond, '≥ 0.45 ×'),
      ],
    };
  },
};

/** Statuses as fast as MongoDB takes them, endpoints that answer at once. */
export function fullSpeed({ isQuick }: Lab): Plan {
  return {
    count: isQuick ? 3_000 : 20_000,
    limitMs: isQuick ? 5_000 : 30_000,
    delayMs: 0,
    perSecond: null,
  };
}

/** The worker's rate at full speed; measured now where no scenario of this run has done so before. */
export async function workerThroughput(lab: Lab): Promise<number> {
  const { earlier } = lab;
  if (earlier.workerPerSecond !== null) return earlier.workerPerSecond;
  lab.log('the worker at full speed, to compare with');
  const { rows } = await compare(lab, [workerContender(lab.receiver)], fullSpeed(lab));
  const rate = rows[0]?.perSecond ?? Number.NaN;
  earlier.workerPerSecond = rate;
  return rate;
}
