import { flowPlot, flowRatios, flowsToText } from '../flow.ts';
import { endure, PARTS, withoutOutage, type OutageLoad } from '../outage.ts';
import { target } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { standingsToText } from '../standings.ts';
import { ratioOf } from '../statistics.ts';
import { figure, whole } from '../text.ts';
import { workerThroughput } from './throughput.ts';

/** What an outage of many endpoints costs, what of it the others notice, and how soon it is made up for. */
export const outage: Scenario = {
  name: 'outage',
  title: '20 of 40 endpoints refuse connections, and return',
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const load: OutageLoad = {
      perSecond: Math.round(throughput / 2),
      toPark: lab.isQuick ? 4_000 : 20_000,
      returnSeconds: lab.isQuick ? 5 : 20,
    };
    lab.log('without an outage');
    const without = await withoutOutage(lab, load);
    lab.log('with an outage');
    const run = await endure(lab, load);
    const { parkedPerSecond, drainedPerSecond, lagSeconds, peakRssMb, stood, lost, repeated } = run;
    const flows = PARTS.map((part) => ({
      part,
      subject: { label: 'with', flow: run.flows[part] },
      controls: [{ label: 'without', flow: without[part] }],
    }));
    return {
      text: [
        [
          `Measured throughput ${whole(throughput)}/s. Half of that is written on a schedule, four of five statuses for`,
          'endpoints that are away. The others, while these are away, and while they return:',
        ].join('\n'),
        ...flows.map(({ subject, controls }) => flowsToText(subject, controls)),
        [
          `${whole(load.toPark)} at once for those away: ${whole(parkedPerSecond)}/s parked.`,
          `${whole(run.parked)} parked in all, then ${whole(drainedPerSecond)}/s drained, ${figure(run.returnSeconds)} s from the return to the last.`,
          `The checkpoint was ${figure(lagSeconds)} s behind at most; peak RSS ${whole(peakRssMb)} MB.`,
          `Of all statuses: ${standingsToText(stood.standings)}; ${whole(repeated)} calls repeated.`,
        ].join('\n'),
      ].join('\n\n'),
      data: { throughput, load, without, with: run },
      plots: flows.map(({ part, subject, controls }) =>
        flowPlot({ name: part, title: `the others' latency, ${part}` }, subject, controls),
      ),
      targets: [
        target('parked/s / throughput', ratioOf(parkedPerSecond, throughput), '≥ 1.2 ×'),
        target('drained/s / throughput', ratioOf(drainedPerSecond, throughput), '≥ 0.7 ×'),
        ...flows.map(({ part, subject, controls: [control] }) =>
          target(
            `p99 of the others, ${part} / without`,
            control && flowRatios(subject.flow, control.flow).p99,
            '≤ 2 ×',
          ),
        ),
        target('peak RSS, MB', peakRssMb, '≤ 280'),
        target('lost', lost, '0'),
        target('repeated', repeated, '0'),
      ],
    };
  },
};
