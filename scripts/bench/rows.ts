import { WORKER } from './contenders.ts';
import type { Lab } from './lab.ts';
import { mediansOf, type Measurement } from './measurement.ts';
import type { BarPlot } from './plot.ts';
import type { Percentiles } from './statistics.ts';
import { figure, table, whole } from './text.ts';

/** The medians of what was measured several times. */
export interface Row extends Measurement {
  readonly name: string;
  readonly label: string;
  readonly runs: readonly Measurement[];
}

interface Subject extends Pick<Row, 'name' | 'label'> {
  measure(): Promise<Measurement>;
}

/** In rounds, so that a slow minute of the machine meets all of them. */
export async function inRounds(
  lab: Pick<Lab, 'rounds' | 'log'>,
  subjects: readonly Subject[],
): Promise<readonly Row[]> {
  const runs = new Map<Subject, Measurement[]>(subjects.map((each) => [each, []]));
  for (let round = 1; round <= lab.rounds; round += 1) {
    for (const [subject, measurements] of runs) {
      lab.log(`round ${round} of ${lab.rounds}: ${subject.label}`);
      measurements.push(await subject.measure());
    }
  }
  return [...runs].map(([{ name, label }, each]) => {
    return { name, label, ...mediansOf(each), runs: each };
  });
}

/** What `*` means after a label. */
const STOPPED = '* stopped at its time limit; latencies are of those that had arrived by then';

function markedLabel({ label, isComplete }: Row): string {
  return label + (isComplete ? '' : '*');
}

export function rowsToText(rows: readonly Row[]): string {
  return table(
    ['', 'rate/s', 'CPU µs', 'mongod', 'p50 ms', 'p99 ms', 'p99.9', 'RSS MB'],
    rows.map((row) => [
      markedLabel(row),
      whole(row.perSecond),
      whole(row.cpuUs),
      whole(row.mongodCpuUs),
      ...latencyValues(row.latencyMs).map(figure),
      whole(row.peakRssMb),
    ]),
  );
}

/** What went wrong, if anything did. */
export function notesOn(rows: readonly Row[]): readonly string[] {
  const notes = rows.flatMap((row) => mishapsOf(row.label, row));
  if (rows.some(({ isComplete }) => !isComplete)) notes.unshift(STOPPED);
  return notes.length === 0 ? [] : [notes.join('\n')];
}

export function mishapsOf(
  label: string,
  { repeated, unrecorded }: Pick<Measurement, 'repeated' | 'unrecorded'>,
): readonly string[] {
  return [
    ...(repeated > 0 ? [`${label}: ${repeated} calls repeated`] : []),
    ...((unrecorded ?? 0) > 0 ? [`${label}: ${unrecorded} without a record`] : []),
  ];
}

export function ratePlot(rows: readonly Row[]): BarPlot {
  return {
    ...barsOf(rows, ({ perSecond }) => [perSecond]),
    name: 'rate',
    title: 'notifications per second',
    unit: 'notifications/s',
    scale: 'linear',
    series: ['rate'],
  };
}

export function cpuPlot(rows: readonly Row[]): BarPlot {
  return {
    ...barsOf(rows, ({ cpuUs, mongodCpuUs }) => [cpuUs, mongodCpuUs]),
    name: 'cpu',
    title: 'CPU time per notification',
    unit: 'µs',
    scale: 'linear',
    series: ['the process', 'mongod'],
  };
}

/** Of those that statuses are written for. */
export function latencyPlot(rows: readonly Row[]): BarPlot {
  const measured = rows.filter(({ latencyMs }) => latencyMs !== null);
  return {
    ...barsOf(measured, ({ latencyMs }) => latencyValues(latencyMs)),
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

function barsOf(
  rows: readonly Row[],
  values: (row: Row) => readonly (number | null)[],
): Pick<BarPlot, 'kind' | 'note' | 'groups'> {
  return {
    kind: 'bars',
    note: rows.every(({ isComplete }) => isComplete) ? null : STOPPED,
    groups: rows.map((row) => ({
      label: markedLabel(row),
      isEmphasised: row.name.startsWith(WORKER),
      values: values(row),
    })),
  };
}
