import { compare } from '../compare.ts';
import { WORKER } from '../contenders.ts';
import type { Scenario } from '../scenario.ts';
import { fullSpeed } from '../workerThroughput.ts';

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
        {
          what: 'CPU of the worker per notification / naive, 64 at once',
          measured: naive?.cpuUs ?? null,
          target: '≤ 0.4 ×',
        },
        {
          what: 'rate / naive, 64 at once',
          measured: naive?.perSecond ?? null,
          target: '≥ 2.5 ×',
        },
        {
          what: 'rate / only got.stream.post',
          measured: stream?.perSecond ?? null,
          target: '≥ 0.45 ×',
        },
      ],
    };
  },
};
