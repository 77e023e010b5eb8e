import type { Config } from '../../../config/config.ts';
import { loadConfig } from '../../../config/loadConfig.ts';
import type { Environment, Problem } from '../../../config/reading.ts';

export const required = {
  MONGODB_URI: 'mongodb://worker:m0ngo-pass@db.example/?replicaSet=rs0',
  MYSQL_URI: 'mysql://worker:my5ql-pass@sql.example/central',
} as const;

/** Stands for a disk on which every file holds this. */
export const readNothing = (): string => 'SELECT 1';

export function configOf(env: Environment): Config {
  const loaded = loadConfig(env, readNothing);
  if (!loaded.ok) throw new Error(`not a configuration: ${JSON.stringify(loaded.problems)}`);
  return loaded.config;
}

export function problemsOf(env: Environment): readonly Problem[] {
  const loaded = loadConfig(env, readNothing);
  return loaded.ok ? [] : loaded.problems;
}
