import type { FaultResult } from './fault.ts';
import { isBad } from './play.ts';

export interface Row {
  readonly name: string;
  /** An error when it could not be run to its end. */
  readonly result: FaultResult | Error;
  readonly tookMs: number;
}

const headings = [
  'fault',
  'statuses',
  'delivered',
  'lost',
  'unrecorded',
  'forbidden',
  'repeated',
  'at risk',
  'together',
  'recovered',
  'took',
  '',
] as const;

/** A line per fault, as wide as it has to be. */
export function toTable(rows: readonly Row[]): string {
  const lines = [headings, ...rows.map(toCells)];
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return lines.map(format).join('\n');
}

function toCells({ name, result, tookMs }: Row): readonly string[] {
  const took = seconds(tookMs);
  if (result instanceof Error) return [name, ...Array<string>(9).fill('-'), took, 'not run'];
  const { statuses, delivered, lost, unrecorded, forbidden, repeated, atRisk, together } = result;
  const counts = [statuses, delivered, lost.length, unrecorded.length, forbidden.length];
  return [
    name,
    ...[...counts, repeated.length, atRisk, together.length].map(String),
    result.recoveredMs === null ? 'never' : seconds(result.recoveredMs),
    took,
    isBad(result) ? 'BAD' : 'ok',
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

const SHOWN = 5;

/** What is wrong, with the first few names of each kind. */
export function toDetails({ name, result }: Row): readonly string[] {
  if (result instanceof Error) return [`${name}: ${result.stack ?? result.message}`];
  const { lost, unrecorded, forbidden, repeated, atRisk, together, problems } = result;
  const lists = { lost, unrecorded, forbidden, together, problems };
  const tooMany = repeated.length > atRisk ? { repeated } : {};
  return Object.entries({ ...lists, ...tooMany }).flatMap(([kind, list]) =>
    list.length === 0 ? [] : [`${name}: ${kind}: ${list.slice(0, SHOWN).join(', ')}`],
  );
}
