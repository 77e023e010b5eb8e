import type { Site } from './places.ts';
import type { Measured } from './profile.ts';
import type { Meter } from './receiver.ts';

/** One way of doing the work or a part of it, in a process of its own. */
export interface Contender {
  readonly name: string;
  /** At most 21 columns. */
  readonly label: string;
  /** By statuses in MongoDB, or by a request for so many calls. */
  readonly drivenBy: 'statuses' | 'itself';
  readonly seenBy: 'receiver' | 'itself';
  /** Writes into the SMS document what was answered. */
  readonly records: boolean;
  /** Resolves when it would see the next status. */
  start(site: Site): Promise<Running>;
}

export interface Running extends Meter {
  /** Of the process whose CPU time and memory count. */
  readonly pid: number;
  /** Of others that share the work with it: theirs count as its own. */
  readonly peers?: readonly number[];
  /** Of servers that only it needs, by their names; shown apart. */
  readonly servers?: Readonly<Record<string, number>>;
  /** Has it make so many calls, where it is driven by itself. */
  post(count: number): void;
  /** Is told about its latest measurement, so that its profile contains only that. */
  onMeasured?(measured: Measured): void;
  /** Ends it at once; what is under way is lost. */
  [Symbol.asyncDispose](): Promise<void>;
}
