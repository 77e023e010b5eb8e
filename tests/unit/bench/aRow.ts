import type { Measurement } from '../../../scripts/bench/measurement.ts';
import type { Row } from '../../../scripts/bench/rows.ts';

export function aRun(fields: Partial<Measurement> = {}): Measurement {
  return {
    count: 100,
    isComplete: true,
    perSecond: 50,
    cpuUs: 400,
    mainCpuUs: 300,
    mongodCpuUs: 200,
    servers: {},
    latencyMs: { p50: 4, p99: 9, p999: 12 },
    peakRssMb: 90,
    idleCpu: null,
    repeated: 0,
    unrecorded: 0,
    ...fields,
  };
}

export function aRow(name: string, fields: Partial<Measurement> = {}): Row {
  return { name, label: name, runs: [], ...aRun(fields) };
}
