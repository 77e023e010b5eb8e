import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, cacheFolder } from './cacheFolder.ts';
import { findProgram, runCommand, type CommandOptions } from './command.ts';

/**
 * Installs Debian packages when we are root on Debian or Ubuntu, and says so on stderr; throws `advice`
 * when that is not possible.
 */
export async function aptInstall(packages: readonly string[], advice: string): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error(advice);
  const names = packages.join(' ');
  const script = `apt-get update -q && apt-get install -q -y --no-install-recommends ${names}`;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await runApt(`Installing ${names}`, script, advice, { timeoutMs: 300_000, env });
}

/**
 * The folder with a Debian package's files, fetched when they are not in the cache: unpacked, not installed,
 * so that no service is set up and started. Throws `advice` where apt can't fetch it.
 */
export async function aptUnpack(name: string, advice: string): Promise<string> {
  return await cached(`${name}-deb`, async (scratch) => {
    const options = { timeoutMs: 300_000, cwd: scratch };
    // Lists of packages that are missing or too old make the first download fail.
    const download = `apt-get download -q ${name}`;
    const script = `${download} || { apt-get update -q && ${download}; }`;
    await runApt(`Fetching ${name}`, script, advice, options);
    const archive = (await readdir(scratch)).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get fetched no ${name}`);
    const unpacked = join(scratch, 'unpacked');
    await mkdir(unpacked);
    await runCommand('dpkg-deb', ['-x', archive, unpacked], options);
    return unpacked;
  });
}

/** The lock is for two of us at once: apt's own only makes the second fail. */
async function runApt(
  what: string,
  script: string,
  advice: string,
  options: CommandOptions,
): Promise<void> {
  if ((await findProgram(['apt-get'])) === null) throw new Error(advice);
  process.stderr.write(`${what} with apt-get (once) …\n`);
  const lock = join(await cacheFolder(), 'apt.lock');
  try {
    await runCommand('flock', [lock, 'sh', '-c', script], options);
  } catch (cause) {
    throw new Error(advice, { cause });
  }
}

/** Which Debian package brings a library that our servers are linked against. */
const packages: Readonly<Record<string, string>> = {
  'libaio.so.1': 'libaio1',
  'libcrypto.so.3': 'libssl3',
  'libcurl.so.4': 'libcurl4',
  'liblzma.so.5': 'liblzma5',
  'libnuma.so.1': 'libnuma1',
  'libssl.so.3': 'libssl3',
};

/**
 * Starts a server program once to ask its version. Libraries it lacks are installed where that is
 * possible; otherwise the error names the library.
 */
export async function expectToRun(program: string): Promise<void> {
  /** Each package once, so this ends. */
  const tried = new Set<string>();
  for (;;) {
    try {
      await runCommand(program, ['--version'], { timeoutMs: 30_000 });
      return;
    } catch (cause) {
      const library = /loading shared libraries: ([^:]+):/.exec(String(cause))?.[1];
      if (library === undefined) throw new Error(`${program} does not run.`, { cause });
      const name = packages[library];
      const advice = `${program} needs the library ${library}, which this machine lacks`;
      if (name === undefined || tried.has(name)) throw new Error(`${advice}.`, { cause });
      tried.add(name);
      await aptInstall([name], `${advice}: apt-get install ${name}`);
    }
  }
}
