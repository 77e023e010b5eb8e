import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { misused, type ParsedArgs } from '../harness/script.ts';
import { scenarios } from './scenarios.ts';

const list = scenarios.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n');

export const helpText = `Usage: npm run bench [-- options]

Starts MongoDB, MariaDB and a webhook receiver of its own, and measures the
worker side by side with simpler ways of doing its work.

  --quick          fewer statuses, each measured once; else the medians of 3
  --scenario NAME  this one alone; may be given more than once
  --json           print one JSON value instead of tables
  --against FOLDER the worker of another checkout, installed and built there,
                   in place of the simpler ways, in turns with this one's
  --profile FOLDER have the worker write CPU profiles there, one for each
                   measurement; it is slower by that
  --write-docs     also put tables and plots into docs/performance.md and
                   docs/performance/; scenarios not measured now stay there
  --from FILE      measure nothing; show what --json has printed before, or
                   docs/performance/results.json
  --help           print this

Scenarios:
${list}

Exit code: 0 measured, 1 something failed, 2 wrong options.`;

export type BenchOptions = ReturnType<typeof optionsOf>;

export function parseBenchArgs(args: readonly string[]): ParsedArgs<BenchOptions> {
  try {
    const values = valuesIn(args);
    if (values.help) return { kind: 'help' };
    const problem = problemWith(values);
    return problem === null ? { kind: 'run', options: optionsOf(values) } : misused(problem);
  } catch (error) {
    return misused((error as Error).message);
  }
}

type Values = ReturnType<typeof valuesIn>;

function valuesIn(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const options = {
    json: flag,
    quick: flag,
    'write-docs': flag,
    from: { type: 'string' },
    against: { type: 'string' },
    profile: { type: 'string' },
    scenario: { type: 'string', multiple: true, default: [] as string[] },
    help: flag,
  } as const;
  return parseArgs({ args: [...args], options }).values;
}

function problemWith({ scenario, from, against, profile, ...values }: Values): string | null {
  const unknown = scenario.find((name) => !scenarios.some((each) => each.name === name));
  if (unknown !== undefined) return `There is no scenario ${unknown}.`;
  if (values.quick && from !== undefined) {
    return '--from measures nothing: --quick has no meaning with it.';
  }
  if (profile !== undefined && (from !== undefined || values['write-docs'])) {
    return '--profile slows the worker that is measured: it goes with neither --from nor --write-docs.';
  }
  if (against === undefined) return null;
  if (from !== undefined || values['write-docs']) {
    return '--against measures two checkouts: it goes with neither --from nor --write-docs.';
  }
  return existsSync(resolve(against, 'dist/src/main.js'))
    ? null
    : `${resolve(against)} has no dist/src/main.js: run npm ci and npm run build there.`;
}

function optionsOf({ json, quick, from, against, profile, scenario, ...values }: Values) {
  return {
    json,
    isQuick: quick,
    from: from ?? null,
    against: against === undefined ? null : resolve(against),
    profileTo: profile === undefined ? null : resolve(profile),
    writesDocs: values['write-docs'],
    scenarios: scenarios.filter(({ name }) => scenario.length === 0 || scenario.includes(name)),
  };
}
