import type { Config } from '../../config/config.ts';
import type { Session, SessionOptions } from '../support/session.ts';
import type { Input } from './readPassword.ts';
import type { Output, Page, Progress } from './output/page.ts';

/** The settings, or all that is wrong with them. */
type Settings =
  | Readonly<{ ok: true; config: Config; warnings: readonly string[] }>
  | Readonly<{ ok: false; problems: readonly string[] }>;

export interface CliEnvironment extends SessionOptions {
  /** Read when a command needs them. */
  settings(): Settings;
  /** As `settings`, for commands that only change the central tables. */
  adminSettings(): AdminSettings;
  /** As `settings`, for commands that only change who may use the console. */
  usersFile(): UsersFile;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** How `setup` reaches the central database. */
type AdminSettings =
  | Readonly<{ ok: true; server: Config['mysql']['server']; schemes: Config['egress']['schemes'] }>
  | Readonly<{ ok: false; problems: readonly string[] }>;

/** Where the people are who may use the console. */
type UsersFile =
  Readonly<{ ok: true; path: string }> | Readonly<{ ok: false; problems: readonly string[] }>;

export function settingsText(problems: readonly string[]): string {
  return [`The settings are invalid:`, ...problems.map((problem) => `  ${problem}`)].join('\n');
}

/** What a command has found out or done. */
export interface CommandResult {
  /** For `--json`; made of plain values and dates. */
  readonly data: unknown;
  /** The same for people; from the page where it has a table, a list or a time. */
  readonly text: string | ((page: Page) => string);
  /** It found a problem, or refused: exit code 1. */
  readonly isProblem?: boolean;
}

/** How a command's action gets at what it works with, and says what came of it. */
export interface CommandRunner {
  readonly environment: CliEnvironment;
  /** Runs with the settings that all but a few commands need. */
  run(work: (session: Session, progress: Progress) => Promise<CommandResult>): Promise<void>;
  /** Runs whatever the settings are; times in its text are in UTC. */
  runWithoutSettings(work: () => Promise<CommandResult>): Promise<void>;
}
