import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { orAbort } from '../../src/runtime/abort.ts';
import { toError } from '../../src/runtime/errors.ts';
import { createTeardown } from '../../src/runtime/teardown.ts';
import { Interrupted } from '../harness/script.ts';
import { writeDocs } from './docs.ts';
import { openLab } from './lab.ts';
import type { BenchOptions } from './options.ts';
import {
  conditionsToText,
  describeMachine,
  findingsToText,
  readReport,
  reportToText,
  warningsAbout,
  type ScenarioReport,
} from './report.ts';

type NamedReport = readonly [name: string, report: ScenarioReport];

const log = (text: string): void => void process.stderr.write(`${text}\n`);

/** Shows and keeps each report as soon as it is there: some take long, and a later one may fail. */
export async function runBench(options: BenchOptions, signal: AbortSignal): Promise<number> {
  if (options.from === null && !existsSync('/proc/self/stat')) {
    log('CPU time and memory are read from /proc: this needs Linux.');
    return 1;
  }
  const scenarios: Record<string, ScenarioReport> = {};
  let shownConditions = '';
  const reports = options.from === null ? measured(options, signal) : stored(options, options.from);
  try {
    for await (const [name, report] of reports) {
      scenarios[name] = report;
      if (!options.json) shownConditions = show(name, report, shownConditions);
      if (options.writesDocs) await writeDocs({ scenarios }, join(packageRoot(), 'docs'));
    }
    if (options.json) process.stdout.write(reportToText({ scenarios }));
    return 0;
  } catch (thrown) {
    const error = signal.aborted ? (signal.reason as Error) : toError(thrown);
    log(error.message);
    return error instanceof Interrupted ? error.exitCode : 1;
  }
}

/** Measures one scenario after the other, and stops everything again, also when no more are asked for. */
async function* measured(
  { isQuick, scenarios, against, profileTo }: BenchOptions,
  signal: AbortSignal,
): AsyncGenerator<NamedReport> {
  const at = new Date().toISOString();
  const machine = describeMachine();
  for (const warning of warningsAbout(machine)) log(warning);
  const possible = await orAbort(possibleOf(scenarios), signal);
  const teardown = createTeardown();
  try {
    const lab = await openLab({ isQuick, against, profileTo, teardown, signal, log });
    const { rounds, versions } = lab;
    const conditions = { at, isQuick, rounds, machine, versions };
    for (const { name, title, run } of possible) {
      const began = performance.now();
      const findings = await run({ ...lab, log: (what) => log(`${name}, ${what}`) });
      const { text, data, targets = [], plots = [] } = findings;
      const durationMs = Math.round(performance.now() - began);
      yield [name, { title, conditions, durationMs, text, targets, plots, data }];
    }
  } finally {
    await teardown.run();
  }
}

/** Names what is left out and why. Throws when nothing remains. */
async function possibleOf(wanted: BenchOptions['scenarios']): Promise<BenchOptions['scenarios']> {
  const possible: BenchOptions['scenarios'] = [];
  for (const scenario of wanted) {
    const lack = (await scenario.lacks?.()) ?? null;
    if (lack === null) possible.push(scenario);
    else log(`${scenario.name} is left out. ${lack}`);
  }
  if (possible.length === 0) throw new Error('Nothing is left to measure.');
  return possible;
}

async function* stored(options: BenchOptions, file: string): AsyncGenerator<NamedReport> {
  const { scenarios } = await readReport(file);
  const found = options.scenarios.flatMap(({ name }): readonly NamedReport[] => {
    const report = scenarios[name];
    return report === undefined ? [] : [[name, report]];
  });
  if (found.length === 0) throw new Error(`${file} has none of these scenarios.`);
  yield* found;
}

const COLUMNS = 'CPU µs and mongod: CPU time per notification, of the process and of mongod.';

/** Prints a report, and what it was measured under where that has changed; gives the latter. */
function show(name: string, report: ScenarioReport, shownConditions: string): string {
  const conditions = conditionsToText(report.conditions);
  if (conditions !== shownConditions) {
    console.log(`${shownConditions === '' ? '' : '\n'}${conditions}\n${COLUMNS}`);
  }
  console.log(`\n${name}: ${report.title}\n\n${findingsToText(report)}`);
  return conditions;
}
