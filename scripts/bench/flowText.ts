import { figure, ratio } from './figures.ts';
import { flowRatios, type Flow, type FlowRatios } from './flow.ts';
import type { BarPlot } from './plots/plot.ts';
import { latencyBars, latencyValues } from './rowPlots.ts';
import { table } from './table.ts';
import type { Target } from './targets.ts';

export interface LabelledFlow {
  readonly label: string;
  readonly flow: Flow;
}

/** What arrives, next to what does under other conditions, and how it compares. */
export function flowsToText(subject: LabelledFlow, controls: readonly LabelledFlow[]): string {
  const figures = [...controls, subject].map(({ label, flow }): [string, ...string[]] => [
    label,
    figure(flow.perSecond),
    figure(flow.latencyMs.p50),
    figure(flow.latencyMs.p99),
    figure(flow.latencyMs.p999),
    figure(flow.lagMs),
    String(flow.missing),
    figure(flow.cores),
  ]);
  const ratios = controls.map(({ label, flow }): [string, ...string[]] => {
    const each = flowRatios(subject.flow, flow);
    const cells = [each.perSecond, each.p50, each.p99, each.p999].map(ratio);
    return [`against ${label}`, ...cells, '', '', ''];
  });
  const headings = ['', 'rate/s', 'p50 ms', 'p99 ms', 'p99.9', 'lag p99', 'missing', 'cores'];
  return table(headings, [...figures, ...ratios]);
}

/** What others must not notice of whatever makes the difference. */
export function flowTargets(
  what: string,
  { perSecond, p99 }: FlowRatios,
  p99Target = '≤ 1.5 ×',
): readonly Target[] {
  return [
    { what: `p99, ${what}`, measured: p99, target: p99Target },
    { what: `rate, ${what}`, measured: perSecond, target: '≥ 0.95 ×' },
  ];
}

/** The latencies of the subject and of what it is compared with. */
export function flowPlot(
  named: Pick<BarPlot, 'name' | 'title'>,
  subject: LabelledFlow,
  controls: readonly LabelledFlow[],
): BarPlot {
  return {
    ...named,
    kind: 'bars',
    note: null,
    ...latencyBars,
    groups: [...controls, subject].map(({ label, flow: { latencyMs } }) => ({
      label,
      isEmphasised: label === subject.label,
      values: latencyValues(latencyMs),
    })),
  };
}
