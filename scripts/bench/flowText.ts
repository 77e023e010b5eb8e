import { figure, ratio } from './figures.ts';
import { flowRatios, type Flow } from './flow.ts';
import { table } from './table.ts';

export const FLOW_TARGETS = 'p99 ≤ 1.5×, rate ≥ 0.95×';

interface Labelled {
  readonly label: string;
  readonly flow: Flow;
}

/** What arrives, next to what does under other conditions, and how it compares. */
export function flowsToText(subject: Labelled, controls: readonly Labelled[]): string {
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
