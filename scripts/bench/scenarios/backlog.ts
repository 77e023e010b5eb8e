import { mishapsOf } from '../rows.ts';
import type { LinePlot } from '../plot.ts';
import { target } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { ratioOf } from '../statistics.ts';
import { table, whole } from '../text.ts';
import { workOff, type WorkedOff } from '../workOff.ts';
import { workerThroughput } from './throughput.ts';

/** A worker that was away for a while. Each size once: the long run is one of many minutes. */
export const backlog: Scenario = {
  name: 'backlog',
  title: 'a start with 500,000 unread statuses, compared with 50,000',
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const small = await workOff(lab, lab.isQuick ? 5_000 : 50_000);
    const most = lab.isQuick ? 20_000 : 500_000;
    const others = lab.against === null ? [] : [await workOff(lab, most, lab.against)];
    const large = await workOff(lab, most);
    const runs = [small, ...others, large];
    const [few, many] = [whole(small.count), whole(large.count)];
    const memory = ratioOf(large.peakRssMb, small.peakRssMb);
    const rate = ratioOf(large.perSecond, throughput);
    const parked = Math.max(small.parked, large.parked);
    return {
      text: backlogToText(runs),
      data: { throughput, runs },
      plots: [memoryPlot(runs)],
      targets: [
        target(`peak RSS with ${many} before it, MB`, large.peakRssMb, '≤ 250'),
        target(`the same / that with ${few}`, memory, '≤ 1.2 ×'),
        target(`rate with ${many} / that of throughput`, rate, '≥ 0.9 ×'),
        target('stored while all endpoints are healthy', parked, '0'),
      ],
    };
  },
};

export function backlogToText(runs: readonly WorkedOff[]): string {
  const figures = table(
    ['measured once each', 'seconds', 'rate/s', 'CPU µs', 'mongod', 'RSS MB', 'stored'],
    runs.map((run) => [
      labelOf(run) + (run.arrived < run.count ? '*' : ''),
      ...[run.seconds, run.perSecond, run.cpuUs, run.mongodCpuUs, run.peakRssMb, run.parked].map(
        whole,
      ),
    ]),
  );
  const memory = table(
    ['RSS MB after', ...tenths.map((tenth) => `${10 * tenth}%`)],
    runs.map((run) => [labelOf(run), ...tenths.map((tenth) => whole(rssAfter(tenth, run)))]),
  );
  const notes = runs.flatMap((run) => [
    ...(run.arrived < run.count ? [`* stopped when ${whole(run.arrived)} had arrived`] : []),
    ...mishapsOf(labelOf(run), run),
  ]);
  return [figures, memory, ...(notes.length === 0 ? [] : [notes.join('\n')])].join('\n\n');
}

function memoryPlot(runs: readonly WorkedOff[]): LinePlot {
  return {
    kind: 'lines',
    name: 'memory',
    title: 'resident memory while a backlog is processed',
    note: null,
    unit: 'MB',
    over: 'seconds since the start',
    lines: runs.map((run) => ({
      label: labelOf(run),
      points: run.samples.map(({ seconds, rssMb }) => [seconds, rssMb]),
    })),
  };
}

const tenths = Array.from({ length: 10 }, (_, n) => n + 1);

/** By the first sample at which so many tenths had arrived. */
function rssAfter(tenth: number, { samples, count }: WorkedOff): number | null {
  return samples.find(({ arrived }) => 10 * arrived >= tenth * count)?.rssMb ?? null;
}

function labelOf({ count, isOther }: WorkedOff): string {
  return `${whole(count)} statuses${isOther ? ', other' : ''}`;
}
