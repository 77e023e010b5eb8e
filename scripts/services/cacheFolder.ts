import { mkdir, mkdtemp, rm } from 'node:fs/promises';
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
 * Runs `work` with a scratch folder inside the cache: on the same file system, so that what is ready
 * can be moved into place by one rename, and processes that race only ever see whole entries.
 */
export async function withScratchFolder<T>(work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(await cacheFolder(), 'scratch-'));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
