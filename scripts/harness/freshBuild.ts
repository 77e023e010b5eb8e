import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { runCommand } from '../services/command.ts';

const sources = ['src', 'config', 'tsconfig.json', 'tsconfig.build.json'];

/** Builds when what `npm start` runs is missing or older than its sources. */
export async function freshBuild(): Promise<void> {
  const root = packageRoot();
  const result = join(root, 'dist/src/main.js');
  const built = await modifiedAt(result);
  const written = await Promise.all(sources.map((source) => newestIn(join(root, source))));
  if (built !== null && Math.max(...written) <= built) return;
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
  const times = await Promise.all(
    [path, ...inside.map((name) => join(path, name))].map((each) => modifiedAt(each)),
  );
  return Math.max(...times.map((time) => time ?? 0));
}

async function modifiedAt(path: string): Promise<number | null> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  );
}
