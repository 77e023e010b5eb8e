import { workerContender } from '../contenders.ts';
import { measure } from '../measure.ts';
import { target } from '../report.ts';
import { inRounds, latencyValues, notesOn, ratePlot } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { ratioOf } from '../statistics.ts';
import { figure, table, whole } from '../text.ts';
import { fullSpeed } from './throughput.ts';

const COUNTS = [0, 1, 2, 4] as const;

/** What it costs to make the calls in threads, and how much work remains for the main thread. */
export const threads: Scenario = {
  name: 'threads',
  title: `statuses at full speed, with HTTP_THREADS of ${COUNTS.join(', ')}`,
  async run(lab) {
    const rows = await inRounds(
      lab,
      COUNTS.map((count) => {
        const called = { name: `worker-threads-${count}`, label: `${count} threads` };
        const contender = workerContender(lab.receiver, { HTTP_THREADS: String(count) }, called);
        return { ...called, measure: async () => await measure(lab, contender, fullSpeed(lab)) };
      }),
    );
    const [none, ...some] = rows;
    const figures = table(
      ['', 'rate/s', 'CPU µs', 'main', 'mongod', 'p50 ms', 'p99 ms', 'RSS MB'],
      rows.map((row) => [
        row.label,
        ...[row.perSecond, row.cpuUs, row.mainCpuUs, row.mongodCpuUs].map(whole),
        ...latencyValues(row.latencyMs).slice(0, 2).map(figure),
        whole(row.peakRssMb),
      ]),
    );
    return {
      text: [figures, ...notesOn(rows)].join('\n\n'),
      data: { contenders: rows },
      plots: [ratePlot(rows)],
      targets: some.flatMap(({ label, mainCpuUs, cpuUs }) => [
        target(
          `CPU of the main thread, ${label} / none`,
          ratioOf(mainCpuUs, none?.mainCpuUs ?? null),
          '≤ 0.5 ×',
        ),
        target(
          `CPU of all threads, ${label} / none`,
          ratioOf(cpuUs, none?.cpuUs ?? null),
          '≤ 1.1 ×',
        ),
      ]),
    };
  },
};
