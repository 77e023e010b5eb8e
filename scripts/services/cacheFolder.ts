import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where server binaries and prepared data folders outlive a run. */
export async function cacheFolder(): Promise<string> {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(base, 'notify-on-delivery');
  await mkdir(folder, { recursive: true });
  return folder;
}

/**
 * The file or folder of that name in the cache. Where there is none, `make` makes it in a scratch folder and says where.
 * That folder is inside the cache, so that one rename moves what is ready into place: processes that race only ever see
 * whole entries. Whoever was faster has made the same.
 */
export async function cached(
  name: string,
  make: (scratch: string) => Promise<string>,
): Promise<string> {
  const cache = await cacheFolder();
  const entry = join(cache, name);
  if (await exists(entry)) return entry;
  const scratch = await mkdtemp(join(cache, 'scratch-'));
  try {
    await rename(await make(scratch), entry);
  } catch (error) {
    const anotherWasFaster = await exists(entry);
    if (!anotherWasFaster) throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return entry;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
