import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CommandOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and returns what it printed; throws with the end of its stderr. */
export async function runCommand(
  program: string,
  args: readonly string[],
  { timeoutMs, cwd, env }: CommandOptions,
): Promise<string> {
  try {
    const { stdout } = await run(program, args, {
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    return stdout;
  } catch (cause) {
    throw new Error(`${program} failed: ${lastWords(cause)}`, { cause });
  }
}

function lastWords(failure: unknown): string {
  const isObject = typeof failure === 'object' && failure !== null;
  const stderr = isObject && 'stderr' in failure ? String(failure.stderr).trim() : '';
  return stderr === '' ? String(failure) : stderr.split('\n').slice(-5).join('\n');
}

/** The first of the programs there is on PATH or in one of the folders; null when none is. */
export async function findProgram(
  names: readonly string[],
  alsoIn: readonly string[] = [],
): Promise<string | null> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...alsoIn];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (folder !== '' && (await isExecutable(path))) return path;
    }
  }
  return null;
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
