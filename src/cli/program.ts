import { Command, CommanderError } from 'commander';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import { createTeardown } from '../runtime/teardown.ts';
import { Refused, type CommandResult } from './command.ts';
import { commands } from './commands.ts';
import { createProgress } from './progress.ts';
import { openBench } from './openBench.ts';
import { settingsText, type Cli, type Surroundings } from './surroundings.ts';

/** What supervisors and scripts see. */
const exitCodes = { done: 0, problem: 1, misused: 2 } as const;
type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Runs one command line. Never rejects: what goes wrong is written, as JSON too where that was asked for. */
export async function runCli(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { stdout, stderr } = surroundings;
  const isJson = args.includes('--json');
  const printJson = (value: unknown): void => void stdout.write(`${JSON.stringify(value)}\n`);
  /** Help, or the version. */
  let asked = '';
  const collected = { write: (text: string) => (asked += text) };
  let exitCode: ExitCode = exitCodes.done;
  const print = ({ data, text, isProblem = false }: CommandResult): void => {
    if (isJson) printJson(data);
    else stdout.write(`${text}\n`);
    if (isProblem) exitCode = exitCodes.problem;
  };
  const program = createProgram(createRunner(surroundings, print), {
    ...surroundings,
    stdout: isJson ? collected : stdout,
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // What it says has been written to standard error already.
      if (isJson) printJson(thrown.exitCode === 0 ? { text: asked.trim() } : misuseOf(thrown));
      return thrown.exitCode === 0 ? exitCodes.done : exitCodes.misused;
    }
    const message = sentenceOf(toError(thrown));
    stderr.write(`${message}\n`);
    if (isJson) printJson({ error: message });
    return exitCodes.problem;
  }
}

function misuseOf({ code, message }: CommanderError): { readonly error: string } {
  return { error: code === 'commander.help' ? 'error: no command was given' : message };
}

function createRunner(surroundings: Surroundings, print: (result: CommandResult) => void): Cli {
  return {
    surroundings,
    async runWithoutSettings(work) {
      print(await work());
    },
    async run(work) {
      const settings = surroundings.settings();
      if (!settings.ok) throw new Refused(settingsText(settings.problems));
      const teardown = createTeardown();
      const progress = createProgress(surroundings.stderr);
      const bench = openBench(settings.config, { ...surroundings, progress }, teardown);
      let result: CommandResult;
      try {
        result = await work(bench);
      } finally {
        progress.clear();
        await teardown.run();
      }
      print(result);
    },
  };
}

const unreachable = /^Mongo(?:ServerSelection|Network)|^NoAnswerInTime$/;

function sentenceOf(error: Error): string {
  if (unreachable.test(error.name)) {
    return `MongoDB does not answer: ${error.message}. Correct MONGODB_URI, or start it.`;
  }
  const isForUsers = error instanceof Refused || error instanceof ConfigurationError;
  return isForUsers ? error.message : `It failed: ${error.message}`;
}

const about =
  'Operates notify-on-delivery: sets accounts up, finds out why an SMS was or was not told, makes calls again. Settings come from the environment and .env, as for the worker.';

const exitCodesText = `
Exit code: 0 done, 1 it found a problem or was refused, 2 wrong use.
Every command takes --json, and --help with examples.`;

/** The whole command line, without running anything; for its help, too. */
export function createProgram(
  cli: Cli,
  { version, stdout, stderr }: Pick<Surroundings, 'version' | 'stdout' | 'stderr'>,
): Command {
  const program = new Command('notify-on-delivery')
    .description(about)
    .version(version)
    .option('--json', 'print one JSON value on standard output')
    .addHelpText('after', exitCodesText)
    .showHelpAfterError('(--help says how it is used)');
  for (const create of commands) program.addCommand(create(cli));
  prepare(program, { stdout, stderr });
  return program;
}

/** For each command and those below it. */
function prepare(
  command: Command,
  { stdout, stderr }: Pick<Surroundings, 'stdout' | 'stderr'>,
): void {
  command
    .exitOverride()
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    })
    .configureHelp({ helpWidth: 80 });
  for (const each of command.commands) {
    if (each.commands.length === 0) each.option('--json', 'print one JSON value');
    prepare(each, { stdout, stderr });
  }
}
