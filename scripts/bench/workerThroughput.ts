import { compare } from './compare.ts';
import { workerContender } from './contenders.ts';
import type { Lab } from './lab.ts';
import type { Plan } from './measure.ts';

/** Statuses as fast as MongoDB takes them, endpoints that answer at once. */
export function fullSpeed({ isQuick }: Pick<Lab, 'isQuick'>): Plan {
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
  lab.tell('the worker at full speed, to compare with');
  const { rows } = await compare(lab, [workerContender(lab.receiver)], fullSpeed(lab));
  const rate = rows[0]?.perSecond ?? Number.NaN;
  earlier.workerPerSecond = rate;
  return rate;
}
