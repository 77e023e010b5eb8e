import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../config/packageRoot.ts';
import type { QueryFile } from './mysql/routeQuery.ts';

/** Lets a `.env` file in the working directory add to the environment. */
export function loadDotEnv(): void {
  try {
    process.loadEnvFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** For the table of settings; advised when the query in use does not fit the tables and this one does. */
export function readAlternativeQuery(): QueryFile {
  const file = 'config/route.key-value.sql';
  return { file, text: readFileSync(join(packageRoot(), file), 'utf8') };
}

/** How commands are called here: by the wrapper where the package is installed with it, as in an image. */
export function commandName(): string {
  const isInstalled = existsSync(join(packageRoot(), 'bin/notify-on-delivery'));
  return isInstalled ? 'notify-on-delivery' : 'npm run cli --';
}

export function readVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
