import { join } from 'node:path';
import { cacheFolder } from '../services/cacheFolder.ts';
import { findProgram, isExecutable, runCommand } from '../services/command.ts';

/** It brings the schemas of Kubernetes along, so that no cluster is needed. */
const version = '1.37.0';

/** The program, installed with Python's own tools into the cache when it is not there. */
export async function findKubernetesValidate(): Promise<string> {
  const folder = join(await cacheFolder(), `kubernetes-validate-${version}`);
  const program = join(folder, 'bin', 'kubernetes-validate');
  if (await isExecutable(program)) return program;
  const python = await findProgram(['python3']);
  if (python === null) throw new Error('Python 3 was not found; kubernetes-validate needs it.');
  process.stderr.write(`Installing kubernetes-validate ${version} (once) …\n`);
  const options = { timeoutMs: 300_000 };
  await runCommand(python, ['-m', 'venv', '--clear', folder], options);
  await runCommand(
    join(folder, 'bin', 'pip'),
    ['install', '--quiet', `kubernetes-validate==${version}`],
    options,
  );
  return program;
}
