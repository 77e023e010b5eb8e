import type { Config } from '../../config/config.ts';
import type { QueryFile } from '../mysql/routeQuery.ts';
import type { Bench, CommandResult } from './command.ts';

/** The settings, or all that is wrong with them. */
type Settings =
  | Readonly<{ ok: true; config: Config; warnings: readonly string[] }>
  | Readonly<{ ok: false; problems: readonly string[] }>;

export interface Surroundings {
  readonly version: string;
  /** Read when a command needs them. */
  settings(): Settings;
  /** As `settings`, for commands that only change the central tables. */
  adminSettings(): AdminSettings;
  readonly alternativeQuery: QueryFile;
  readonly stopping: AbortSignal;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** How `setup` reaches the central database. */
export type AdminSettings =
  | Readonly<{ ok: true; uri: string; ca: string | null; schemes: Config['egress']['schemes'] }>
  | Readonly<{ ok: false; problems: readonly string[] }>;

/** How a command's action gets at what it works with, and says what came of it. */
export interface Cli {
  readonly surroundings: Surroundings;
  /** Runs with the settings that all but a few commands need. */
  run(work: (bench: Bench) => Promise<CommandResult>): Promise<void>;
  /** Runs whatever the settings are. */
  runWithoutSettings(work: () => Promise<CommandResult>): Promise<void>;
}

export function settingsText(problems: readonly string[]): string {
  return [`The settings can't be used:`, ...problems.map((problem) => `  ${problem}`)].join('\n');
}
