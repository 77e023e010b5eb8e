import type { Lab } from './lab.ts';
import type { Plot } from './plot.ts';
import type { Target } from './report.ts';

/** What a scenario finds, for people and for machines. */
interface Findings {
  /** Lines of at most 80 columns. */
  readonly text: string;
  /** Goes into the JSON value as it is, next to the targets. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly targets?: readonly Target[];
  /** Each with a name of its own. */
  readonly plots?: readonly Plot[];
}

/** One file under `scenarios/`, and one line in `scenarios.ts`. */
export interface Scenario {
  readonly name: string;
  /** Half a line that says what is done. */
  readonly title: string;
  /** What keeps it from being measured on this machine, as a sentence; null where nothing does. */
  lacks?(): Promise<string | null>;
  run(lab: Lab): Promise<Findings>;
}
