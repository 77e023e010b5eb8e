import { Command, CommanderError } from 'commander';
import type { TimeZone } from '../domain/sms.ts';
import { toError } from '../runtime/errors.ts';
import { createTeardown } from '../runtime/teardown.ts';
import { createTimeZone } from '../runtime/timeZone.ts';
import { sentenceOf } from '../support/errorSentence.ts';
import { openSession, Refused } from '../support/session.ts';
import { check } from './commands/check.ts';
import { consoleUsers } from './commands/consoleUser.ts';
import { endpoints } from './commands/endpoints.ts';
import { explain } from './commands/explain.ts';
import { find } from './commands/find.ts';
import { list } from './commands/list.ts';
import { backfill, replay } from './commands/replay.ts';
import { retries } from './commands/retries.ts';
import { setup } from './commands/setup.ts';
import { status } from './commands/status.ts';
import { test } from './commands/test.ts';
import {
  settingsText,
  type CliEnvironment,
  type CommandResult,
  type CommandRunner,
} from './environment.ts';
import { createPage, createProgress, terminalWidth } from './output/page.ts';

/** What supervisors and scripts see. */
const exitCodes = { done: 0, problem: 1, misused: 2 } as const;
type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Runs one command line. Never rejects: what goes wrong is written, as JSON too where that was asked for. */
export async function runCli(
  args: readonly string[],
  environment: CliEnvironment,
): Promise<ExitCode> {
  const { stdout, stderr } = environment;
  const isJson = args.includes('--json');
  const printJson = (value: unknown): void => void stdout.write(`${JSON.stringify(value)}\n`);
  /** Help, or the version. */
  let asked = '';
  const collected = { write: (text: string) => (asked += text) };
  let exitCode: ExitCode = exitCodes.done;
  const print = ({ data, text, isProblem = false }: CommandResult, zone: TimeZone): void => {
    const forPeople = (): string =>
      typeof text === 'string' ? text : text(createPage(terminalWidth(stdout), zone));
    if (isJson) printJson(data);
    else stdout.write(`${forPeople()}\n`);
    if (isProblem) exitCode = exitCodes.problem;
  };
  const program = createProgram(createRunner(environment, print), {
    ...environment,
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
  return { error: code === 'commander.help' ? 'error: missing command' : message };
}

function createRunner(
  environment: CliEnvironment,
  print: (result: CommandResult, zone: TimeZone) => void,
): CommandRunner {
  return {
    environment,
    async runWithoutSettings(work) {
      print(await work(), createTimeZone('UTC'));
    },
    async run(work) {
      const settings = environment.settings();
      if (!settings.ok) throw new Refused(settingsText(settings.problems));
      const teardown = createTeardown();
      const progress = createProgress(environment.stderr);
      const session = openSession(settings.config, environment, teardown);
      let result: CommandResult;
      try {
        result = await work(session, progress);
      } finally {
        progress.clear();
        await teardown.run();
      }
      print(result, createTimeZone(settings.config.call.payloadTimeZone));
    },
  };
}

const about =
  'Operates notify-on-delivery: sets up accounts, shows whether a notification was sent for an SMS and why, and resends notifications. Settings are read from the environment and .env, like those of the worker.';

const exitCodesText = `
Exit codes: 0 success, 1 a problem was found or the command was refused, 2 wrong usage.
They do not change if the reader of the output exits ("… | head"): the command still
runs to its end. Tables use the terminal's width. Times are in PAYLOAD_TIMEZONE, with
--json in UTC. Every command has --json, and --help with examples.`;

/** In the order of the help. */
const commands = [
  setup,
  check,
  find,
  list,
  explain,
  status,
  test,
  retries,
  replay,
  backfill,
  endpoints,
  consoleUsers,
];

/** The whole command line, without running anything; for its help, too. */
export function createProgram(
  cli: CommandRunner,
  { version, stdout, stderr }: Pick<CliEnvironment, 'version' | 'stdout' | 'stderr'>,
): Command {
  const program = new Command('notify-on-delivery')
    .description(about)
    .version(version)
    .option('--json', 'print one JSON value on standard output')
    .addHelpText('after', exitCodesText)
    .showHelpAfterError('(see --help for usage)');
  for (const create of commands) program.addCommand(create(cli));
  prepare(program, { stdout, stderr });
  return program;
}

/** For each command and those below it. */
function prepare(
  command: Command,
  { stdout, stderr }: Pick<CliEnvironment, 'stdout' | 'stderr'>,
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
