import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { settingEntries } from '../../config/schema.ts';
import { runCommand } from '../services/command.ts';

/** Every setting at its default, written out, so that no `.env` file has a say; on any free port. */
export function defaultSettings(): Readonly<Record<string, string>> {
  const defaults = settingEntries.flatMap(([name, setting]): [string, string][] => [
    [name, setting.default ?? ''],
    ...(setting.secret === true ? [[`${name}_FILE`, ''] as [string, string]] : []),
  ]);
  return { ...Object.fromEntries(defaults), HTTP_HOST: '127.0.0.1', HTTP_PORT: '0' };
}

const sources = ['src', 'config', 'tsconfig.json', 'tsconfig.build.json'];

/** Builds when what `npm start` runs is missing or older than its sources. */
export async function freshBuild(): Promise<void> {
  const root = packageRoot();
  const result = join(root, 'dist/src/main.js');
  const built = await modifiedAt(result);
  const written = await Promise.all(sources.map((source) => newestIn(join(root, source))));
  if (built > 0 && Math.max(...written) <= built) return;
  try {
    await runCommand('npm', ['run', 'build', '--silent'], { timeoutMs: 180_000, cwd: root });
  } catch (cause) {
    // The compiler writes its output in spite of errors; the next run must not take it for good.
    await utimes(result, 0, 0).catch(() => undefined);
    throw new Error('The worker could not be built; "npm run build" shows why.', { cause });
  }
}

async function newestIn(path: string): Promise<number> {
  const inside = await readdir(path, { recursive: true }).catch(() => []);
  const times = [path, ...inside.map((name) => join(path, name))].map(modifiedAt);
  return Math.max(...(await Promise.all(times)));
}

/** 0 for what is not there. */
async function modifiedAt(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
