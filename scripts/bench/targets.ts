import { figure } from './figures.ts';
import { table } from './table.ts';

/** What a figure should come to on a quiet machine. For people to judge: nothing fails by it. */
export interface Target {
  /** Names what is measured, with its unit; at most 53 columns. */
  readonly what: string;
  readonly measured: number | null;
  /** Such as `≤ 0.4 ×`. */
  readonly target: string;
}

const WHAT_WIDTH = 54;

export function targetsToText(targets: readonly Target[]): string {
  return table(
    ['', 'measured', 'target'],
    targets.map(({ what, measured, target }) => [what, figure(measured), target]),
    WHAT_WIDTH,
  );
}
