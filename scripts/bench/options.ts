import { parseArgs } from 'node:util';
import { misused, type ParsedArgs } from '../harness/parsedArgs.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';

export interface BenchOptions {
  /** One JSON value on stdout instead of tables. */
  readonly json: boolean;
  /** Fewer statuses, once instead of three times. */
  readonly isQuick: boolean;
  /** A file to take reports from instead of measuring; null to measure. */
  readonly from: string | null;
  /** Puts them into docs/, too. */
  readonly writesDocs: boolean;
  readonly scenarios: readonly Scenario[];
}

const list = scenarios.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n');

export const helpText = `Usage: npm run bench [-- options]

Starts MongoDB, MariaDB and a webhook receiver of its own, and measures the
worker side by side with simpler ways of doing its work.

  --quick          fewer statuses, each measured once; else the medians of 3
  --scenario NAME  this one alone; may be given more than once
  --json           print one JSON value instead of tables
  --write-docs     also put tables and plots into docs/performance.md and
                   docs/performance/; scenarios not measured now stay there
  --from FILE      measure nothing; show what --json has printed before, or
                   docs/performance/results.json
  --help           print this

Scenarios:
${list}

Exit code: 0 measured, 1 something failed, 2 wrong options.`;

export function parseBenchArgs(args: readonly string[]): ParsedArgs<BenchOptions> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        'write-docs': { type: 'boolean', default: false },
        from: { type: 'string' },
        scenario: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const unknown = values.scenario.find((name) => !scenarios.some((each) => each.name === name));
    if (unknown !== undefined) return misused(`There is no scenario ${unknown}.`);
    if (values.quick && values.from !== undefined) {
      return misused('--from measures nothing: --quick has no meaning with it.');
    }
    const chosen =
      values.scenario.length === 0
        ? scenarios
        : scenarios.filter(({ name }) => values.scenario.includes(name));
    return {
      kind: 'run',
      options: {
        json: values.json,
        isQuick: values.quick,
        from: values.from ?? null,
        writesDocs: values['write-docs'],
        scenarios: chosen,
      },
    };
  } catch (error) {
    return misused((error as Error).message);
  }
}
