import type { Contender } from './contender.ts';
import { WORKER } from './contenders.ts';
import { ratio } from './figures.ts';
import type { Lab } from './lab.ts';
import { measure, type Plan } from './measure.ts';
import { cpuPlot, latencyPlot, ratePlot } from './rowPlots.ts';
import { figuresOf, inRounds, notesOn, type Row } from './rows.ts';
import type { Findings } from './scenario.ts';
import { ratioOf } from './statistics.ts';
import { table } from './table.ts';

export interface Comparison extends Findings {
  readonly rows: readonly Row[];
  readonly against: readonly Against[];
}

/** Each contender under the same plan. */
export async function compare(
  lab: Lab,
  contenders: readonly Contender[],
  plan: Plan,
): Promise<Comparison> {
  const rows = await inRounds(
    lab,
    contenders.map((contender) => ({
      ...contender,
      measure: async () => await measure(lab, contender, plan),
    })),
  );
  const against = ratiosOf(rows);
  const data = { plan, contenders: rows, workerAgainst: against };
  const plots =
    plan.perSecond === null ? [ratePlot(rows), cpuPlot(rows)] : [latencyPlot(rows), cpuPlot(rows)];
  return { text: toText(rows, against), data, plots, rows, against };
}

/** The worker's figure divided by that of the other. */
export interface Against {
  readonly name: string;
  readonly label: string;
  readonly perSecond: number | null;
  readonly cpuUs: number | null;
  readonly mongodCpuUs: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly peakRssMb: number | null;
}

export function ratiosOf(rows: readonly Row[]): readonly Against[] {
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
    against.map((each) => [
      each.label,
      ratio(each.perSecond),
      ratio(each.cpuUs),
      ratio(each.mongodCpuUs),
      ratio(each.p50),
      ratio(each.p99),
      '',
      ratio(each.peakRssMb),
    ]),
  );
  return [figuresOf(rows), ratios, ...notesOn(rows)].join('\n\n');
}
