import { flowPlot, flowRatios, flowsToText } from '../flow.ts';
import { endure, PARTS, withoutOutage, type OutageLoad } from '../outage.ts';
import { target } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { standingsToText } from '../standings.ts';
import { ratioOf } from '../statistics.ts';
import { figure, whole } from '../text.ts';
import { workerThroughput } from './throughput.ts';

/** What an outage of many endpoints costs, how it affects the others, and how soon the backlog is gone. */
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
          `Measured throughput ${whole(throughput)}/s, half of it written on a schedule, four fifths for`,
          'endpoints that are away. The figures are those of the others.',
        ].join('\n'),
        ...flows.map(
          ({ part, subject, controls }) =>
            `While they are ${part}:\n${flowsToText(subject, controls)}`,
        ),
        [
          `${whole(load.toPark)} at once for those away: ${whole(parkedPerSecond)}/s parked.`,
          `${whole(run.parked)} parked in all; ${whole(drainedPerSecond)}/s drained, ${figure(run.returnSeconds)} s from the return to the last.`,
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
