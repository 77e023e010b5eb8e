/** The benchmarks proper; scripts/bench.ts starts them in a process group of their own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { toError } from '../../src/runtime/errors.ts';
import { endSoon } from '../harness/endSoon.ts';
import { Interrupted, onInterruption } from '../harness/interruption.ts';
import { parseBenchArgs, type BenchOptions } from './options.ts';
import { createPrinter } from './printer.ts';
import type { ScenarioReport } from './report.ts';
import { readReport, reportToText } from './reportFile.ts';
import { runBench, type NamedReport } from './runBench.ts';
import { writeDocs } from './writeDocs.ts';

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

async function* reports(options: BenchOptions, signal: AbortSignal): AsyncGenerator<NamedReport> {
  if (options.from === null) {
    yield* runBench(options, tell, signal);
    return;
  }
  const { scenarios } = await readReport(options.from);
  const wanted = options.scenarios.filter(({ name }) => Object.hasOwn(scenarios, name));
  if (wanted.length === 0) throw new Error(`${options.from} has none of these scenarios.`);
  for (const { name } of wanted) {
    const report = scenarios[name];
    if (report !== undefined) yield [name, report];
  }
}

/** Shows and keeps each as soon as it is there: some take long, and a later one may fail. */
async function run(options: BenchOptions, signal: AbortSignal): Promise<void> {
  const scenarios: Record<string, ScenarioReport> = {};
  const show = createPrinter(options.json ? () => undefined : print);
  for await (const [name, report] of reports(options, signal)) {
    scenarios[name] = report;
    show([name, report]);
    if (options.writesDocs) await writeDocs({ scenarios }, join(packageRoot(), 'docs'));
  }
  if (options.json) process.stdout.write(reportToText({ scenarios }));
}

async function main(): Promise<number> {
  const parsed = parseBenchArgs(process.argv.slice(2));
  if (parsed.kind !== 'run') return 2;
  if (parsed.options.from === null && !existsSync('/proc/self/stat')) {
    tell('CPU time and memory are read from /proc: this needs Linux.');
    return 1;
  }
  const signal = onInterruption();
  try {
    await run(parsed.options, signal);
    return 0;
  } catch (thrown) {
    const error = signal.aborted ? (signal.reason as Error) : toError(thrown);
    tell(error.message);
    return error instanceof Interrupted ? error.exitCode : 1;
  }
}

process.exitCode = await main();
endSoon();
