import type { BarPlot, LinePlot } from '../../../../scripts/bench/plot.ts';

export function bars(fields: Partial<BarPlot> = {}): BarPlot {
  return {
    kind: 'bars',
    name: 'rate',
    title: 'Notifications a second',
    note: null,
    unit: 'notifications/s',
    scale: 'linear',
    series: ['rate'],
    groups: [
      { label: 'naive', isEmphasised: false, values: [640] },
      { label: 'the worker', isEmphasised: true, values: [3912] },
    ],
    ...fields,
  };
}

export function lines(fields: Partial<LinePlot> = {}): LinePlot {
  return {
    kind: 'lines',
    name: 'memory',
    title: 'Memory',
    note: null,
    unit: 'RSS, MB',
    over: 'time since the start, s',
    lines: [
      {
        label: 'the worker',
        points: [
          [0, 60],
          [10, 140],
          [20, 120],
        ],
      },
    ],
    ...fields,
  };
}
