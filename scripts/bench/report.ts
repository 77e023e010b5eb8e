import type { Lab } from './lab.ts';
import { warningAbout, type Machine } from './machine.ts';
import type { Plot } from './plots/plot.ts';
import { targetsToText, type Target } from './targets.ts';

/** What a scenario was measured under. */
export interface Conditions {
  /** When the run began, as in ISO 8601. */
  readonly at: string;
  readonly isQuick: boolean;
  /** How often each measurement was made. */
  readonly rounds: number;
  readonly machine: Machine;
  readonly versions: Lab['versions'];
}

/** All that is known of one scenario: what is shown can be made of it anew. */
export interface ScenarioReport {
  readonly title: string;
  readonly conditions: Conditions;
  readonly durationMs: number;
  readonly text: string;
  readonly targets: readonly Target[];
  readonly plots: readonly Plot[];
  readonly data: object;
}

/** What `--json` prints and `docs/performance/results.json` holds. */
export interface Report {
  /** By their names. */
  readonly scenarios: Readonly<Record<string, ScenarioReport>>;
}

export function conditionsToText({ at, isQuick, rounds, machine, versions }: Conditions): string {
  const { cpus, cpu, memoryGb, node } = machine;
  return [
    `${cpus} × ${cpu}, ${memoryGb} GB, Node ${node}`,
    `MongoDB ${versions.mongodb}, ${versions.mysql}`,
    `Receiver: ${versions.receiver}`,
    `${at.slice(0, 10)}, ${isQuick ? 'quick, ' : ''}${rounds === 1 ? 'each measured once' : `medians of ${rounds}`}`,
    ...[warningAbout(machine)].filter((warning) => warning !== null),
  ].join('\n');
}

/** Its tables and its targets. */
export function findingsToText({ text, targets }: ScenarioReport): string {
  return targets.length === 0 ? text : `${text}\n\n${targetsToText(targets)}`;
}
