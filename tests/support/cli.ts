import { Readable } from 'node:stream';
import { loadAdminSettings, loadConfig, loadUsersFile } from '../../config/loadConfig.ts';
import { formatProblem } from '../../config/reading.ts';
import { runCli } from '../../src/cli/program.ts';
import { readAlternativeQuery, readVersion } from '../../src/installation.ts';

/** What a command line came to, run within this process. */
export interface CliEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON; throws when it is not exactly one value. */
  json(): Record<string, unknown>;
}

/** Runs a command line with these settings as its whole environment, and nothing on its standard input. */
export async function cliWith(
  settings: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<CliEnd> {
  return await cliWithInput('', settings, ...args);
}

export async function cliWithInput(
  input: string,
  settings: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<CliEnd> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args, {
    version: readVersion(),
    alternativeQuery: readAlternativeQuery(),
    stopping: new AbortController().signal,
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    settings() {
      const loaded = loadConfig(settings);
      return loaded.ok ? loaded : { ok: false, problems: loaded.problems.map(formatProblem) };
    },
    adminSettings() {
      const loaded = loadAdminSettings(settings);
      return loaded.ok ? loaded : { ok: false, problems: loaded.problems.map(formatProblem) };
    },
    usersFile() {
      const loaded = loadUsersFile(settings);
      return loaded.ok ? loaded : { ok: false, problems: loaded.problems.map(formatProblem) };
    },
  });
  const json = (): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;
  return { code, stdout, stderr, json };
}
