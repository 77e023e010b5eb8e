import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a command line came to. */
export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON; throws when it is not exactly one value. */
  json(): Record<string, unknown>;
}

const projectFolder = fileURLToPath(new URL('../../', import.meta.url));

/** The caller's environment does not reach the command, but for what any program needs. */
function environment(settings: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...settings };
}

/** The program that `npm run cli` runs. */
const commandLine = ['--enable-source-maps', 'dist/src/cli.js'] as const;

/** A command line in a process of its own, with `input` on its standard input. */
export async function runCommand(
  settings: Readonly<Record<string, string>>,
  args: readonly string[],
  input = '',
): Promise<CommandEnd> {
  return await run(process.execPath, [...commandLine, ...args], settings, { input });
}

/** `npm run --silent cli -- …`, as an operator writes it. */
export async function runByNpm(
  settings: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<CommandEnd> {
  return await run('npm', ['run', '--silent', 'cli', '--', ...args], settings);
}

/**
 * A command line in a pseudo-terminal (by `script` of util-linux), whose output comes as standard output; `onOutput` gets
 * all of it so far, and a function that presses Ctrl-C.
 */
export async function runInTerminal(
  settings: Readonly<Record<string, string>>,
  args: readonly string[],
  onOutput: (output: string, interrupt: () => void) => void,
): Promise<CommandEnd> {
  // Else the shell would be interrupted, too, and answer in its place.
  const command = `exec ${[process.execPath, ...commandLine, ...args].map(quoted).join(' ')}`;
  return await run('script', ['-qefc', command, '/dev/null'], settings, { onOutput });
}

/** A command line in a pseudo-terminal of so many columns, into which `input` is typed. */
export async function runInColumns(
  columns: number,
  settings: Readonly<Record<string, string>>,
  args: readonly string[],
  input = '',
): Promise<CommandEnd> {
  const command = [process.execPath, ...commandLine, ...args].map(quoted).join(' ');
  const sized = `stty cols ${columns} && exec ${command}`;
  const onOutput = (): void => undefined;
  return await run('script', ['-qefc', sized, '/dev/null'], settings, { input, onOutput });
}

interface Talk {
  readonly input?: string;
  /** Keeps standard input open. */
  readonly onOutput?: (output: string, interrupt: () => void) => void;
}

async function run(
  program: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  { input = '', onOutput }: Talk = {},
): Promise<CommandEnd> {
  const child = spawn(program, args, {
    cwd: projectFolder,
    env: environment(settings),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const interrupt = (): void => void child.stdin.write('\u0003');
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
    onOutput?.(stdout, interrupt);
  });
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  if (onOutput === undefined) child.stdin.end(input);
  else child.stdin.write(input);
  const [code] = (await once(child, 'close')) as [number | null];
  const json = (): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;
  return { code, stdout, stderr, json };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
