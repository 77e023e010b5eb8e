import type { Written } from './load.ts';
import type { BarPlot } from './plot.ts';
import { target, type Target } from './report.ts';
import { latencyBars, latencyValues } from './rows.ts';
import {
  median,
  medianPercentiles,
  percentilesOf,
  ratioOf,
  type Percentiles,
} from './statistics.ts';
import { figure, ratio, table } from './text.ts';

/** How statuses that were written on a schedule have arrived. */
export interface Flow {
  readonly count: number;
  /** Arrivals in the time of writing. */
  readonly perSecond: number;
  /** From when the status was due; of one that has not arrived up to the end, so at least that. */
  readonly latencyMs: Percentiles;
  readonly missing: number;
  /** How late the writing itself was: the 99th percentile. */
  readonly lagMs: number;
  /** CPU time of the worker in the time of writing, in that time. */
  readonly cores: number;
}

/** What was written, and what the worker needed meanwhile. */
export interface Writing {
  readonly written: readonly Written[];
  readonly cores: number;
}

const NONE: Percentiles = { p50: Number.NaN, p99: Number.NaN, p999: Number.NaN };

/** @param endUs when the arrivals were looked at */
export function flowOf(
  { written, cores }: Writing,
  arrivals: ReadonlyMap<string, number>,
  endUs: number,
): Flow {
  const fromUs = written[0]?.dueUs ?? endUs;
  const toUs = written.at(-1)?.dueUs ?? endUs;
  const arrived = written.map(({ notificationId }) => arrivals.get(notificationId));
  const inTime = arrived.filter((atUs) => atUs !== undefined && atUs <= toUs).length;
  const latencies = written.map(({ dueUs }, n) => ((arrived[n] ?? endUs) - dueUs) / 1_000);
  const lags = written.map(({ dueUs, sentUs }) => (sentUs - dueUs) / 1_000);
  return {
    count: written.length,
    perSecond: inTime / ((toUs - fromUs) / 1_000_000),
    latencyMs: percentilesOf(latencies) ?? NONE,
    missing: arrived.filter((atUs) => atUs === undefined).length,
    lagMs: (percentilesOf(lags) ?? NONE).p99,
    cores,
  };
}

/** Field by field; `missing` is a sum, so that no good run hides a bad one. */
export function mediansOfFlows(flows: readonly Flow[]): Flow {
  const of = (pick: (flow: Flow) => number): number => median(flows.map(pick));
  return {
    count: of(({ count }) => count),
    perSecond: of(({ perSecond }) => perSecond),
    latencyMs: medianPercentiles(flows.map(({ latencyMs }) => latencyMs)),
    missing: flows.reduce((sum, { missing }) => sum + missing, 0),
    lagMs: of(({ lagMs }) => lagMs),
    cores: of(({ cores }) => cores),
  };
}

export type FlowRatios = ReturnType<typeof flowRatios>;

/** The first divided by the second. */
export function flowRatios(flow: Flow, other: Flow) {
  const of = (pick: (each: Flow) => number): number | null => ratioOf(pick(flow), pick(other));
  return {
    perSecond: of(({ perSecond }) => perSecond),
    p50: of(({ latencyMs }) => latencyMs.p50),
    p99: of(({ latencyMs }) => latencyMs.p99),
    p999: of(({ latencyMs }) => latencyMs.p999),
  };
}

export interface LabelledFlow {
  readonly label: string;
  readonly flow: Flow;
}

/** What arrives, next to what does under other conditions, and how it compares. */
export function flowsToText(subject: LabelledFlow, controls: readonly LabelledFlow[]): string {
  const figures = [...controls, subject].map(({ label, flow }) => [
    label,
    figure(flow.perSecond),
    ...latencyValues(flow.latencyMs).map(figure),
    figure(flow.lagMs),
    String(flow.missing),
    figure(flow.cores),
  ]);
  const ratios = controls.map(({ label, flow }) => {
    const { perSecond, p50, p99, p999 } = flowRatios(subject.flow, flow);
    return [`against ${label}`, ...[perSecond, p50, p99, p999].map(ratio), '', '', ''];
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
  return [target(`p99, ${what}`, p99, p99Target), target(`rate, ${what}`, perSecond, '≥ 0.95 ×')];
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
