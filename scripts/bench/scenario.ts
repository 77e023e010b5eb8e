import type { Lab } from './lab.ts';

/** What a scenario has to say, for people and for machines. */
export interface Findings {
  /** Lines of at most 80 columns. */
  readonly text: string;
  /** Goes into the JSON value as it is. */
  readonly data: unknown;
}

/** One file under `scenarios/`, and one line in `scenarios.ts`. */
export interface Scenario {
  readonly name: string;
  /** Half a line that says what is done. */
  readonly title: string;
  run(lab: Lab): Promise<Findings>;
}
