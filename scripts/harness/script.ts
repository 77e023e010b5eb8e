import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** What the command line of a script asks for. */
export type ParsedArgs<Options> =
  | Readonly<{ kind: 'run'; options: Options }>
  | Readonly<{ kind: 'help' }>
  | Readonly<{ kind: 'misused'; message: string }>;

export function misused(message: string): ParsedArgs<never> {
  return { kind: 'misused', message };
}

interface Script<Options> {
  /** As in `npm run <name>`. */
  readonly name: string;
  readonly helpText: string;
  parse(args: readonly string[]): ParsedArgs<Options>;
  /** Its exit code. The signal is aborted, with `Interrupted`, when somebody wants the script to end. */
  run(options: Options, interrupted: AbortSignal): Promise<number>;
}

/** Shows the help, says what is wrong with the arguments, or runs the script with them. Sets the exit code. */
export async function runScript<Options>(script: Script<Options>): Promise<void> {
  const parsed = script.parse(process.argv.slice(2));
  if (parsed.kind === 'help') {
    console.log(script.helpText);
  } else if (parsed.kind === 'misused') {
    console.error(`${parsed.message}\n"npm run ${script.name} -- --help" shows what there is.`);
    process.exitCode = 2;
  } else if (process.connected) {
    process.exitCode = await script.run(parsed.options, onInterruption());
    // Nothing that was asked for is left; what still waits for its own time limit need not be waited for.
    setTimeout(() => process.exit(), 500).unref();
  } else {
    process.exitCode = await runInOwnProcessGroup();
  }
}

/**
 * Runs the same script as a child in a process group of its own and returns its exit code. A terminal's Ctrl-C goes
 * to the whole group in front; this way it reaches us alone, and the script can stop the worker before the
 * databases. Whatever of the group is left when the script has ended, however it did, is killed.
 */
async function runInOwnProcessGroup(): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (child.pid !== undefined) signalProcess(-child.pid, 'SIGKILL');
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Negative for a whole process group. What is no longer there needs no signal. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Somebody wants the script to end: Ctrl-C, a closed terminal, a supervisor. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;
  constructor(signal: NodeJS.Signals) {
    super('interrupted');
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Aborted by the first sign that the script is to end; later ones change nothing. */
function onInterruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => controller.abort(new Interrupted(signal));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  process.on('disconnect', () => interrupt('SIGHUP'));
  process.channel?.unref();
  // A reader that went away (`| head`) must not end us before everything is stopped.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => interrupt('SIGHUP'));
  }
  return controller.signal;
}
