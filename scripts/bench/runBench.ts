import { createTeardown } from '../../src/runtime/teardown.ts';
import { openLab } from './lab.ts';
import { describeMachine, warningAbout } from './machine.ts';
import type { BenchOptions } from './options.ts';
import type { ScenarioReport } from './report.ts';

export type NamedReport = readonly [name: string, report: ScenarioReport];

/**
 * Measures what was chosen, one scenario after the other, and stops everything again, also when no more of
 * them are asked for. Rejects when anything fails.
 */
export async function* runBench(
  { isQuick, scenarios }: Pick<BenchOptions, 'isQuick' | 'scenarios'>,
  tell: (text: string) => void,
  signal: AbortSignal,
): AsyncGenerator<NamedReport> {
  const at = new Date().toISOString();
  const machine = describeMachine();
  const warning = warningAbout(machine);
  if (warning !== null) tell(warning);
  const teardown = createTeardown();
  try {
    const lab = await openLab({ isQuick, teardown, signal, tell });
    const { rounds, versions } = lab;
    const conditions = { at, isQuick, rounds, machine, versions };
    for (const { name, title, run } of scenarios) {
      const began = performance.now();
      const findings = await run({ ...lab, tell: (what) => tell(`${name}, ${what}`) });
      const { text, data, targets = [], plots = [] } = findings;
      const durationMs = Math.round(performance.now() - began);
      yield [name, { title, conditions, durationMs, text, targets, plots, data }];
    }
  } finally {
    await teardown.run();
  }
}
