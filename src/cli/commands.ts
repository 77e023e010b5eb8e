import type { Command } from 'commander';
import { backfill } from './commands/backfill.ts';
import { check } from './commands/check.ts';
import { endpoints } from './commands/endpoints.ts';
import { explain } from './commands/explain.ts';
import { replay } from './commands/replay.ts';
import { retries } from './commands/retries.ts';
import { setup } from './commands/setup.ts';
import { status } from './commands/status.ts';
import { test } from './commands/test.ts';
import type { Cli } from './surroundings.ts';

/** Every command, in the order of the help. */
export const commands: readonly ((cli: Cli) => Command)[] = [
  setup,
  check,
  explain,
  status,
  test,
  retries,
  replay,
  backfill,
  endpoints,
];
