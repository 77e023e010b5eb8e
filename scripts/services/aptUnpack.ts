import { access, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, withScratchFolder } from './cacheFolder.ts';
import { findProgram, runCommand } from './command.ts';

/** Lists of packages that are missing or too old make the first download fail. */
const script = 'apt-get download -q "$0" || { apt-get update -q && apt-get download -q "$0"; }';

/**
 * The folder with a Debian package's files, fetched when they are not in the cache: unpacked, not installed,
 * so that no service is set up and started. Throws `advice` where apt can't fetch it.
 */
export async function aptUnpack(name: string, advice: string): Promise<string> {
  const folder = join(await cacheFolder(), `${name}-deb`);
  if (await exists(folder)) return folder;
  if ((await findProgram(['apt-get'])) === null) throw new Error(advice);
  process.stderr.write(`Fetching ${name} with apt-get (once) …\n`);
  const lock = join(await cacheFolder(), 'apt.lock');
  await withScratchFolder(async (scratch) => {
    const options = { timeoutMs: 300_000, cwd: scratch };
    try {
      await runCommand('flock', [lock, 'sh', '-c', script, name], options);
    } catch (cause) {
      throw new Error(advice, { cause });
    }
    const archive = (await readdir(scratch)).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get fetched no ${name}`);
    await mkdir(join(scratch, 'unpacked'));
    await runCommand('dpkg-deb', ['-x', archive, 'unpacked'], options);
    await rename(join(scratch, 'unpacked'), folder).catch(async (error: unknown) => {
      const anotherWasFaster = await exists(folder);
      if (!anotherWasFaster) throw error;
    });
  });
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
