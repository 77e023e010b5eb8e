import { join } from 'node:path';
import { cacheFolder } from './cacheFolder.ts';
import { findProgram, runCommand } from './command.ts';

/**
 * Installs Debian packages when we are root on Debian or Ubuntu, and says so on stderr; throws `advice`
 * when that is not possible. The lock is for two of us at once: apt's own only makes the second fail.
 */
export async function aptInstall(packages: readonly string[], advice: string): Promise<void> {
  const apt = await findProgram(['apt-get']);
  if (apt === null || process.getuid?.() !== 0) throw new Error(advice);
  const names = packages.join(' ');
  process.stderr.write(`Installing ${names} with apt-get (once) …\n`);
  const script = `apt-get update -q && apt-get install -q -y --no-install-recommends ${names}`;
  const lock = join(await cacheFolder(), 'apt.lock');
  try {
    await runCommand('flock', [lock, 'sh', '-c', script], {
      timeoutMs: 300_000,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (cause) {
    throw new Error(advice, { cause });
  }
}
