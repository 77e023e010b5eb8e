import { figure, whole } from './figures.ts';
import type { Lab } from './lab.ts';
import { mediansOf, type Measurement } from './measurement.ts';
import { table } from './table.ts';

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
  lab: Pick<Lab, 'rounds' | 'tell'>,
  subjects: readonly Subject[],
): Promise<readonly Row[]> {
  const runs = new Map<Subject, Measurement[]>(subjects.map((each) => [each, []]));
  for (let round = 1; round <= lab.rounds; round += 1) {
    for (const [subject, measurements] of runs) {
      lab.tell(`round ${round} of ${lab.rounds}: ${subject.label}`);
      measurements.push(await subject.measure());
    }
  }
  return [...runs].map(([{ name, label }, each]) => {
    return { name, label, ...mediansOf(each), runs: each };
  });
}

/** What `*` means after a label. */
export const STOPPED =
  '* stopped at its time limit; latencies are of those that had arrived by then';

export function isStoppedEarly({ isComplete }: Row): boolean {
  return !isComplete;
}

export function markedLabel(row: Row): string {
  return row.label + (isStoppedEarly(row) ? '*' : '');
}

export function figuresOf(rows: readonly Row[]): string {
  return table(
    ['', 'rate/s', 'CPU µs', 'mongod', 'p50 ms', 'p99 ms', 'p99.9', 'RSS MB'],
    rows.map((row) => [
      markedLabel(row),
      whole(row.perSecond),
      whole(row.cpuUs),
      whole(row.mongodCpuUs),
      figure(row.latencyMs?.p50 ?? null),
      figure(row.latencyMs?.p99 ?? null),
      figure(row.latencyMs?.p999 ?? null),
      whole(row.peakRssMb),
    ]),
  );
}

/** What went wrong, if anything did. */
export function notesOn(rows: readonly Row[]): readonly string[] {
  const notes = rows.flatMap((row) => mishapsOf(row.label, row));
  if (rows.some(isStoppedEarly)) notes.unshift(STOPPED);
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
