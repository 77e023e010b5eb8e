import { whole } from '../figures.ts';
import type { LinePlot } from '../plots/plot.ts';
import { mishapsOf } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { ratioOf } from '../statistics.ts';
import { table } from '../table.ts';
import { workOff, type WorkedOff } from '../workOff.ts';
import { workerThroughput } from '../workerThroughput.ts';

/** A worker that was away for a while. Each size once: the long run is one of many minutes. */
export const backlog: Scenario = {
  name: 'backlog',
  title: 'a start with 500,000 unseen statuses, next to one with 50,000',
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const small = await workOff(lab, lab.isQuick ? 5_000 : 50_000);
    const large = await workOff(lab, lab.isQuick ? 20_000 : 500_000);
    return {
      text: backlogToText([small, large]),
      data: { throughput, runs: [small, large] },
      plots: [memoryPlot([small, large])],
      targets: [
        {
          what: `peak RSS with ${whole(large.count)} before it, MB`,
          measured: large.peakRssMb,
          target: '≤ 250',
        },
        {
          what: `the same / that with ${whole(small.count)}`,
          measured: ratioOf(large.peakRssMb, small.peakRssMb),
          target: '≤ 1.2 ×',
        },
        {
          what: `rate with ${whole(large.count)} / that of throughput`,
          measured: ratioOf(large.perSecond, throughput),
          target: '≥ 0.9 ×',
        },
        {
          what: 'parked while all endpoints are healthy',
          measured: Math.max(small.parked, large.parked),
          target: '0',
        },
      ],
    };
  },
};

export function backlogToText(runs: readonly WorkedOff[]): string {
  const figures = table(
    ['measured once each', 'seconds', 'rate/s', 'CPU µs', 'mongod', 'RSS MB', 'parked'],
    runs.map((run) => [
      labelOf(run) + (run.arrived < run.count ? '*' : ''),
      whole(run.seconds),
      whole(run.perSecond),
      whole(run.cpuUs),
      whole(run.mongodCpuUs),
      whole(run.peakRssMb),
      whole(run.parked),
    ]),
  );
  const memory = table(
    ['RSS MB after', ...tenths.map((tenth) => `${10 * tenth}%`)],
    runs.map((run) => [labelOf(run), ...tenths.map((tenth) => whole(rssAfter(tenth, run)))]),
  );
  return [figures, memory, ...notesOn(runs)].join('\n\n');
}

function memoryPlot(runs: readonly WorkedOff[]): LinePlot {
  return {
    kind: 'lines',
    name: 'memory',
    title: 'resident memory while a backlog is worked off',
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

function notesOn(runs: readonly WorkedOff[]): readonly string[] {
  const notes = runs.flatMap((run) => [
    ...(run.arrived < run.count ? [`* stopped when ${whole(run.arrived)} had arrived`] : []),
    ...mishapsOf(labelOf(run), run),
  ]);
  return notes.length === 0 ? [] : [notes.join('\n')];
}

function labelOf({ count }: WorkedOff): string {
  return `${whole(count)} statuses`;
}
