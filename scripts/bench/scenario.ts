import type { Lab } from './lab.ts';
import type { Plot } from './plots/plot.ts';
import type { Target } from './targets.ts';

/** What a scenario has to say, for people and for machines. */
export interface Findings {
  /** Lines of at most 80 columns. */
  readonly text: string;
  /** Goes into the JSON value as it is, next to the targets. */
  readonly data: object;
  readonly targets?: readonly Target[];
  /** Each with a name of its own. */
  readonly plots?: readonly Plot[];
}

/** One file under `scenarios/`, and one line in `scenarios.ts`. */
export interface Scenario {
  readonly name: string;
  /** Half a line that says what is done. */
  readonly title: string;
  run(lab: Lab): Promise<Findings>;
}
