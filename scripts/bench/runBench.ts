import { createTeardown } from '../../src/runtime/teardown.ts';
import { openLab, type Lab } from './lab.ts';
import { describeMachine, warningAbout, type Machine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { targetsToText } from './targets.ts';

/** What `--json` prints. */
export interface Report {
  readonly machine: Machine;
  readonly versions: Lab['versions'];
  readonly isQuick: boolean;
  readonly scenarios: Record<string, unknown>;
  durationMs: number;
}

export interface Output {
  /** Results, for people. */
  print(text: string): void;
  /** What is going on. */
  tell(text: string): void;
}

/** Measures what was chosen and stops everything again. Rejects when anything fails. */
export async function runBench(
  { isQuick, scenarios }: BenchOptions,
  { print, tell }: Output,
  signal: AbortSignal,
): Promise<Report> {
  const began = performance.now();
  const machine = describeMachine();
  const teardown = createTeardown();
  try {
    const lab = await openLab({ isQuick, teardown, signal, tell });
    print(heading(machine, lab));
    const report: Report = {
      machine,
      versions: lab.versions,
      isQuick,
      scenarios: {},
      durationMs: 0,
    };
    for (const { name, title, run } of scenarios) {
      const {
        text,
        data,
        targets = [],
      } = await run({
        ...lab,
        tell: (what) => tell(`${name}, ${what}`),
      });
      report.scenarios[name] = { ...data, targets };
      print(`\n${name}: ${title}\n\n${text}`);
      if (targets.length > 0) print(`\n${targetsToText(targets)}`);
    }
    report.durationMs = Math.round(performance.now() - began);
    return report;
  } finally {
    await teardown.run();
  }
}

function heading(machine: Machine, { versions, rounds }: Lab): string {
  const { cpus, cpu, memoryGb, node } = machine;
  return [
    `${cpus} × ${cpu}, ${memoryGb} GB, Node ${node}`,
    `MongoDB ${versions.mongodb}, ${versions.mysql}`,
    `Receiver: ${versions.receiver}`,
    rounds === 1 ? 'Each measured once.' : `Medians of ${rounds}.`,
    'CPU µs and mongod: CPU time per notification, of the process and of mongod.',
    ...[warningAbout(machine)].filter((warning) => warning !== null),
  ].join('\n');
}
