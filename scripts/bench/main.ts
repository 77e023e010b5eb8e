/** The benchmarks proper; scripts/bench.ts starts them in a process group of their own. */
import { existsSync } from 'node:fs';
import { toError } from '../../src/runtime/errors.ts';
import { endSoon } from '../harness/endSoon.ts';
import { Interrupted, onInterruption } from '../harness/interruption.ts';
import { parseBenchArgs } from './options.ts';
import { runBench } from './runBench.ts';

async function main(): Promise<number> {
  const parsed = parseBenchArgs(process.argv.slice(2));
  if (parsed.kind !== 'run') return 2;
  if (!existsSync('/proc/self/stat')) {
    process.stderr.write('CPU time and memory are read from /proc: this needs Linux.\n');
    return 1;
  }
  const { options } = parsed;
  const signal = onInterruption();
  const output = {
    print: (text: string) => void (options.json || process.stdout.write(`${text}\n`)),
    tell: (text: string) => void process.stderr.write(`${text}\n`),
  };
  try {
    const report = await runBench(options, output, signal);
    if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return 0;
  } catch (thrown) {
    const error = signal.aborted ? (signal.reason as Error) : toError(thrown);
    process.stderr.write(`${error.message}\n`);
    return error instanceof Interrupted ? error.exitCode : 1;
  }
}

process.exitCode = await main();
endSoon();
