/** The demo proper; scripts/demo.ts starts it in a process group of its own. */
import { endSoon } from '../harness/endSoon.ts';
import { WIDTH, wrap } from './layout.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { parseDemoArgs } from './options.ts';
import { runDemo, type DemoResult } from './runDemo.ts';
import { createWorkerLog, lastError } from './workerLog.ts';

const { env, stdout, stderr } = process;

function terminalNarrator(): Narrator {
  return createNarrator({
    write: (text) => stdout.write(text),
    isColoured: stdout.isTTY && !env['NO_COLOR'],
    isLive: stdout.isTTY && env['TERM'] !== 'dumb',
  });
}

function silentNarrator(): Narrator {
  const silent = createNarrator({ write: () => undefined, isColoured: false, isLive: false });
  return { ...silent, heading: (text) => stderr.write(`${text}\n`) };
}

async function tellFailure({ report, worker, isInterrupted }: DemoResult): Promise<void> {
  if (isInterrupted) {
    stderr.write('\nInterrupted. Everything is stopped again.\n');
    return;
  }
  if (report.error !== undefined) stderr.write(`\n${wrap(report.error, WIDTH)}\n`);
  for (const { name, checks } of options.json ? report.scenes : []) {
    const failed = checks.filter(({ ok }) => !ok);
    for (const { what } of failed) stderr.write(`Not so, in the scene ${name}: ${what}\n`);
  }
  if (worker === null) return;
  const error = lastError(worker);
  if (error !== null) stderr.write(`\nThe worker said: ${error}\n`);
  stderr.write(`\nThe worker's log: ${(await createWorkerLog(worker)).file}\n`);
}

const parsed = parseDemoArgs(process.argv.slice(2));
const options = parsed.kind === 'run' ? parsed.options : { json: false, keep: false };
const narrator = options.json ? silentNarrator() : terminalNarrator();
narrator.title('notify-on-delivery: an SMS gets its delivery status, a webhook is told');
const result = await runDemo(options, narrator);
if (!result.report.ok) await tellFailure(result);
if (options.json) stdout.write(`${JSON.stringify(result.report, null, 2)}\n`);
process.exitCode = result.exitCode;
endSoon();
