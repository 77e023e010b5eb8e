import type { Contender } from './contender.ts';
import { WORKER } from './contenders.ts';
import { ratio, figure, whole } from './figures.ts';
import type { Lab } from './lab.ts';
import { measure, type Plan } from './measure.ts';
import { mediansOf, type Measurement } from './measurement.ts';
import type { Findings } from './scenario.ts';
import { ratioOf } from './statistics.ts';
import { table } from './table.ts';

export interface Row extends Measurement {
  readonly name: string;
  readonly label: string;
  readonly runs: readonly Measurement[];
}

/** Each contender under the same plan; in rounds, so that a slow minute of the machine meets all of them. */
export async function compare(
  lab: Lab,
  contenders: readonly Contender[],
  plan: Plan,
): Promise<Findings> {
  const runs = new Map<Contender, Measurement[]>(contenders.map((each) => [each, []]));
  for (let round = 1; round <= lab.rounds; round += 1) {
    for (const contender of contenders) {
      lab.tell(`round ${round} of ${lab.rounds}: ${contender.label}`);
      runs.get(contender)?.push(await measure(lab, contender, plan));
    }
  }
  const rows = [...runs].map(([{ name, label }, each]): Row => {
    return { name, label, ...mediansOf(each), runs: each };
  });
  const against = ratiosOf(rows);
  return { text: toText(rows, against), data: { plan, contenders: rows, workerAgainst: against } };
}

/** The worker's figure divided by that of the other. */
interface Against {
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
  const figures = table(
    ['', 'rate/s', 'CPU µs', 'mongod', 'p50 ms', 'p99 ms', 'p99.9', 'RSS MB'],
    rows.map((row) => [
      row.label + (row.isComplete ? '' : '*'),
      whole(row.perSecond),
      whole(row.cpuUs),
      whole(row.mongodCpuUs),
      figure(row.latencyMs?.p50 ?? null),
      figure(row.latencyMs?.p99 ?? null),
      figure(row.latencyMs?.p999 ?? null),
      whole(row.peakRssMb),
    ]),
  );
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
  return [figures, ratios, ...notesOn(rows)].join('\n\n');
}

function notesOn(rows: readonly Row[]): readonly string[] {
  const notes = rows.flatMap(({ label, repeated, unrecorded }) => [
    ...(repeated > 0 ? [`${label}: ${repeated} calls repeated`] : []),
    ...((unrecorded ?? 0) > 0 ? [`${label}: ${unrecorded} without a record`] : []),
  ]);
  if (rows.some(({ isComplete }) => !isComplete)) {
    notes.unshift('* stopped at its time limit; latencies are of those that had arrived by then');
  }
  return notes.length === 0 ? [] : [notes.join('\n')];
}
