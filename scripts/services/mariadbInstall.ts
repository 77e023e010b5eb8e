import { join } from 'node:path';
import { cacheFolder } from './cacheFolder.ts';
import { findProgram, runCommand } from './command.ts';

/**
 * The server's programs alone: `mariadb-server` would also set up a system service and start it.
 * The client package brings a tool that `mariadb-install-db` calls.
 */
const packages = ['mariadb-server-core', 'mariadb-client-core'];

const advice =
  'No MariaDB or MySQL server was found: install one (Debian and Ubuntu: apt-get install ' +
  `${packages.join(' ')}), or set MYSQL_URI to a server.`;

/** Installs with apt when we are root on Debian or Ubuntu; otherwise throws what to do. */
export async function installMariadb(): Promise<void> {
  const apt = await findProgram(['apt-get']);
  if (apt === null || process.getuid?.() !== 0) throw new Error(advice);
  process.stderr.write(`Installing ${packages.join(' and ')} with apt-get (once) …\n`);
  const install = `apt-get update -q && apt-get install -q -y --no-install-recommends ${packages.join(' ')}`;
  const lock = join(await cacheFolder(), 'apt.lock');
  try {
    await runCommand('flock', [lock, 'sh', '-c', install], {
      timeoutMs: 300_000,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (cause) {
    throw new Error(advice, { cause });
  }
}
