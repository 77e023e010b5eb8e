import type { Contender } from './contender.ts';
import { WORKER } from './contenders.ts';
import type { Lab } from './lab.ts';
import { measure, type Plan } from './measure.ts';
import { cpuPlot, inRounds, latencyPlot, notesOn, ratePlot, rowsToText, type Row } from './rows.ts';
import { ratioOf } from './statistics.ts';
import { ratio, table } from './text.ts';

/** Each contender under the same plan. */
export async function compare(lab: Lab, contenders: readonly Contender[], plan: Plan) {
  const rows = await inRounds(
    lab,
    contenders.map((contender) => ({
      ...contender,
      measure: async () => await measure(lab, contender, plan),
    })),
  );
  const against = ratiosOf(rows);
  return {
    text: toText(rows, against),
    data: { plan, contenders: rows, workerAgainst: against },
    plots: [plan.perSecond === null ? ratePlot(rows) : latencyPlot(rows), cpuPlot(rows)],
    rows,
    against,
  };
}

/** The worker's figures divided by those of another. */
export type Against = ReturnType<typeof ratiosOf>[number];

export function ratiosOf(rows: readonly Row[]) {
  const worker = rows.find(({ name }) => name === WORKER);
  if (worker === undefined) return [];
  return rows
    .filter((row) => row !== worker)
    .map((row) => ({
      name: row.name,
      label: row.label,
      perSecond: ratioOf(worker.perSecond, row.perSecond),
      cpuUs: ratioOf(worker.cpuUs, row.cpuUs),
      mongodCpuUs: ratioOf(worker.mongodCpuUs, row.mongodCpuUs),
      p50: ratioOf(worker.latencyMs?.p50 ?? null, row.latencyMs?.p50 ?? null),
      p99: ratioOf(worker.latencyMs?.p99 ?? null, row.latencyMs?.p99 ?? null),
      peakRssMb: ratioOf(worker.peakRssMb, row.peakRssMb),
    }));
}

export function toText(rows: readonly Row[], against: readonly Against[]): string {
  const ratios = table(
    ['the worker against', 'rate', 'CPU', 'mongod', 'p50', 'p99', '', 'RSS'],
    against.map(({ label, perSecond, cpuUs, mongodCpuUs, p50, p99, peakRssMb }) => [
      label,
      ...[perSecond, cpuUs, mongodCpuUs, p50, p99].map(ratio),
      '',
      ratio(peakRssMb),
    ]),
  );
  return [rowsToText(rows), ratios, ...notesOn(rows)].join('\n\n');
}
