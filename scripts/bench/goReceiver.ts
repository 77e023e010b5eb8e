import { createHash } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, withScratchFolder } from '../services/cacheFolder.ts';
import { findProgram, isExecutable, runCommand } from '../services/command.ts';

export interface Built {
  readonly file: string;
  readonly description: string;
}

/** The first build compiles Go's standard library too. */
const BUILD_LIMIT_MS = 5 * 60_000;

const source = fileURLToPath(new URL('./receiver.go', import.meta.url));
const env = { GOTOOLCHAIN: 'local', GOFLAGS: '', GO111MODULE: 'off', CGO_ENABLED: '0' };

/** Builds `receiver.go`, once for a source and a version of Go; null where there is no Go. */
export async function goReceiver(): Promise<Built | null> {
  const go = await findProgram(['go'], ['/usr/local/go/bin', '/usr/lib/go/bin']);
  if (go === null) return null;
  const version = (await runCommand(go, ['env', 'GOVERSION'], { timeoutMs: 60_000, env })).trim();
  const hash = createHash('sha256')
    .update(version)
    .update(await readFile(source));
  const file = join(await cacheFolder(), `receiver-${hash.digest('hex').slice(0, 16)}`);
  if (!(await isExecutable(file))) {
    await withScratchFolder(async (scratch) => {
      const result = join(scratch, 'receiver');
      const args = ['build', '-trimpath', '-o', result, source];
      await runCommand(go, args, { timeoutMs: BUILD_LIMIT_MS, env });
      await rename(result, file);
    });
  }
  return { file, description: `Go's net/http, ${version}` };
}
