import type { Conditions, ScenarioReport } from '../../../scripts/bench/report.ts';
import { bars } from './plots/aPlot.ts';

const conditions: Conditions = {
  at: '2031-05-17T10:20:30.000Z',
  isQuick: false,
  rounds: 3,
  machine: { cpu: 'Abacus 9', cpus: 8, memoryGb: 32, node: 'v20.19.0', loadBefore: 0.1 },
  versions: { mongodb: '6.0.5', mysql: 'MariaDB 10.11.6', receiver: "Go's net/http, go1.24" },
};

export function aReport(
  fields: Partial<ScenarioReport> = {},
  under: Partial<Conditions> = {},
): ScenarioReport {
  return {
    title: 'statuses at full speed',
    conditions: { ...conditions, ...under },
    durationMs: 61_000,
    text: 'the worker   3,912',
    targets: [{ what: 'rate / naive', measured: 6.1, target: '≥ 2.5 ×' }],
    plots: [bars()],
    data: { contenders: [{ name: 'worker', perSecond: 3912 }] },
    ...fields,
  };
}
