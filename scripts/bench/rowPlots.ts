import { WORKER } from './contenders.ts';
import type { BarPlot } from './plots/plot.ts';
import { isStoppedEarly, markedLabel, STOPPED, type Row } from './rows.ts';
import type { Percentiles } from './statistics.ts';

export function ratePlot(rows: readonly Row[]): BarPlot {
  return {
    ...figuresOf(rows, ({ perSecond }) => [perSecond]),
    name: 'rate',
    title: 'notifications per second',
    unit: 'notifications/s',
    scale: 'linear',
    series: ['rate'],
  };
}

export function cpuPlot(rows: readonly Row[]): BarPlot {
  return {
    ...figuresOf(rows, ({ cpuUs, mongodCpuUs }) => [cpuUs, mongodCpuUs]),
    name: 'cpu',
    title: 'CPU time per notification',
    unit: 'µs',
    scale: 'linear',
    series: ['the process', 'mongod'],
  };
}

/** Of those that statuses are written for. */
export function latencyPlot(rows: readonly Row[]): BarPlot {
  const told = rows.filter(({ latencyMs }) => latencyMs !== null);
  return {
    ...figuresOf(told, ({ latencyMs }) => latencyValues(latencyMs)),
    ...latencyBars,
    name: 'latency',
    title: 'from the write of the status to its arrival',
  };
}

/** What bars of latencies are alike in. */
export const latencyBars = {
  unit: 'ms',
  scale: 'logarithmic',
  series: ['p50', 'p99', 'p99.9'],
} as const satisfies Partial<BarPlot>;

export function latencyValues(latencyMs: Percentiles | null): readonly (number | null)[] {
  return [latencyMs?.p50 ?? null, latencyMs?.p99 ?? null, latencyMs?.p999 ?? null];
}

function figuresOf(
  rows: readonly Row[],
  values: (row: Row) => readonly (number | null)[],
): Pick<BarPlot, 'kind' | 'note' | 'groups'> {
  return {
    kind: 'bars',
    note: rows.some(isStoppedEarly) ? STOPPED : null,
    groups: rows.map((row) => ({
      label: markedLabel(row),
      isEmphasised: row.name.startsWith(WORKER),
      values: values(row),
    })),
  };
}
