import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../../scripts/services/cacheFolder.ts';
import { findProgram, runCommand } from '../../scripts/services/command.ts';

const VERSION_MS = 20_000;
const INSTALL_MS = 240_000;

/**
 * A folder for `PYTHONPATH` with the packages of a requirements file: from the cache, or installed there by pip, once.
 * Rejects with pip's words where there is no Python, or no way to a registry.
 */
export async function pythonPackages(requirementsFile: string): Promise<string> {
  const python = await findProgram(['python3']);
  if (python === null) throw new Error('there is no python3');
  const version = await runCommand(python, ['--version'], { timeoutMs: VERSION_MS });
  const digest = createHash('sha256')
    .update(version)
    .update(await readFile(requirementsFile));
  return await cached(`python-${digest.digest('hex').slice(0, 12)}`, async (scratch) => {
    const target = join(scratch, 'packages');
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await runCommand(python, [...install, '--target', target, '-r', requirementsFile], {
      timeoutMs: INSTALL_MS,
    });
    return target;
  });
}
