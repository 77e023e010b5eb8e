import { lstat, mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../../config/packageRoot.ts';
import { cacheFolder } from '../cacheFolder.ts';
import { runCommand } from '../command.ts';
import { builtClient, clientName } from './clientBuild.ts';

/**
 * Makes the Kafka client loadable from this project by the Node that runs: as it is installed, or else built from source
 * once and linked into `node_modules`, from where `npm ci` removes it. Throws one sentence where it can't be built.
 */
export async function ensureKafkaClient(): Promise<void> {
  if (await loads()) return;
  const place = join(packageRoot(), 'node_modules', ...clientName.split('/'));
  if (await isForeign(place)) {
    throw new Error(
      `The installed ${clientName} does not load with Node ${process.version}: ` +
        `run npm rebuild ${clientName}, or remove node_modules/${clientName}.`,
    );
  }
  const client = await builtClient();
  await mkdir(dirname(place), { recursive: true });
  await rm(place, { force: true });
  await symlink(client, place);
  if (!(await loads())) {
    throw new Error(`The Kafka client in ${client} does not load: remove that folder.`);
  }
}

/** In a process of its own: a native library of another Node may end the one that loads it. */
async function loads(): Promise<boolean> {
  const script = `import(${JSON.stringify(clientName)})`;
  const options = { timeoutMs: 60_000, cwd: packageRoot() };
  return await runCommand(process.execPath, ['--input-type=module', '-e', script], options).then(
    () => true,
    () => false,
  );
}

/** Whether there is something that we have not linked there. */
async function isForeign(place: string): Promise<boolean> {
  const found = await lstat(place).catch(() => null);
  if (found === null) return false;
  return !found.isSymbolicLink() || !(await readlink(place)).startsWith(await cacheFolder());
}
