import { packageRoot } from '../../config/packageRoot.ts';
import { findProgram, runCommand } from '../services/command.ts';

/** What Docker Compose itself reads its files with. */
const composeModule = 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2';

/** As Docker Compose reads the files, later ones over earlier ones. Throws with what is wrong with them; needs no engine. */
export async function checkCompose(files: readonly string[]): Promise<void> {
  const options = { timeoutMs: 600_000, cwd: packageRoot() };
  const docker = await findProgram(['docker']);
  const hasCompose =
    docker !== null &&
    (await runCommand(docker, ['compose', 'version'], options).then(
      () => true,
      () => false,
    ));
  if (docker !== null && hasCompose) {
    const named = files.flatMap((file) => ['--file', file]);
    await runCommand(docker, ['compose', ...named, 'config', '--quiet'], options);
    return;
  }
  const go = await findProgram(['go']);
  if (go === null) throw new Error('Neither Docker with Compose nor go was found.');
  await runCommand(go, ['run', composeModule, ...files], options);
}
