import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findHelm, helm } from '../deploy/helm.ts';
import { findProgram, runCommand } from '../services/command.ts';

interface Release {
  readonly version: string;
  readonly image: string;
  /** The tree that is released, with the version written. */
  readonly root: string;
  /** Where the files go. */
  readonly out: string;
}

/** What was made, in words, or why it was left out. */
type Made = { readonly made: string } | { readonly leftOut: string };

interface Artifact {
  readonly name: string;
  /** Throws when it can't be made, although what it needs is there. */
  make(release: Release): Promise<Made>;
}

const chart = 'deploy/helm/notify-on-delivery';

export const artifacts: readonly Artifact[] = [
  { name: 'package', make: makePackage },
  { name: 'SBOM', make: makeSbom },
  { name: 'image', make: makeImage },
  { name: 'deb', make: makeDeb },
  { name: 'chart', make: makeChart },
  { name: 'checksums', make: makeChecksums },
];

async function makePackage({ root, out }: Release): Promise<Made> {
  // Compiled anew: what is left of deleted files would be packed.
  await rm(join(root, 'dist'), { recursive: true, force: true });
  await inTree(root, 'npm', ['run', '--silent', 'build']);
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', out];
  const [packed] = JSON.parse(await inTree(root, 'npm', args)) as [
    { filename: string; entryCount: number },
  ];
  return { made: `${packed.filename}, ${packed.entryCount} files` };
}

async function makeSbom({ root, out, version }: Release): Promise<Made> {
  const name = `notify-on-delivery-${version}.cdx.json`;
  const text = await inTree(root, 'npm', ['run', '--silent', 'sbom']);
  const { components } = JSON.parse(text) as { components: readonly unknown[] };
  await writeFile(join(out, name), text);
  return { made: `${name}, ${components.length} components` };
}

async function makeImage({ root, image, version }: Release): Promise<Made> {
  const builder = await findBuilder();
  if (builder === null) return { leftOut: 'neither docker nor podman is there and answers' };
  const tag = `${image}:${version}`;
  await inTree(root, builder, ['build', '--tag', tag, '.']);
  const withKafka = ['--build-arg', 'KAFKA=true', '--tag', `${tag}-kafka`];
  await inTree(root, builder, ['build', ...withKafka, '.']);
  return { made: `${tag} and ${tag}-kafka, in ${builder}` };
}

async function findBuilder(): Promise<string | null> {
  for (const name of ['docker', 'podman']) {
    const program = await findProgram([name]);
    const answers = program !== null && (await isRunning(program));
    if (answers) return name;
  }
  return null;
}

async function isRunning(program: string): Promise<boolean> {
  return await runCommand(program, ['info'], { timeoutMs: 20_000 }).then(
    () => true,
    () => false,
  );
}

async function makeDeb({ root, out, version }: Release): Promise<Made> {
  const build = join(root, 'deploy/deb/build');
  if (!existsSync(build)) return { leftOut: 'there is no deploy/deb/build' };
  if ((await findProgram(['nfpm', 'go'])) === null) {
    return { leftOut: 'neither nfpm nor Go, which builds it, was found' };
  }
  await inTree(root, build, [out]);
  const made = (await readdir(out)).filter((name) => name.endsWith('.deb'));
  if (made.length === 0) throw new Error(`deploy/deb/build wrote no .deb of ${version}`);
  return { made: made.join(', ') };
}

async function makeChart({ root, out, version }: Release): Promise<Made> {
  if (!existsSync(join(root, chart))) return { leftOut: `there is no ${chart}` };
  if ((await findHelm()) === null) {
    return { leftOut: 'neither helm nor Go, which builds it, was found' };
  }
  // By itself, helm would overwrite the package, which has the same name.
  const folder = join(out, 'chart');
  await helm('package', join(root, chart), '--destination', folder);
  const name = `notify-on-delivery-chart-${version}.tgz`;
  await rename(join(folder, `notify-on-delivery-${version}.tgz`), join(out, name));
  await rmdir(folder);
  return { made: name };
}

async function makeChecksums({ out }: Release): Promise<Made> {
  const names = (await readdir(out)).toSorted();
  const lines = await Promise.all(
    names.map(async (name) => {
      const sum = createHash('sha256').update(await readFile(join(out, name)));
      return `${sum.digest('hex')}  ${name}\n`;
    }),
  );
  await writeFile(join(out, 'SHA256SUMS'), lines.join(''));
  return { made: `SHA256SUMS, ${names.length} files` };
}

/** Builds of images take minutes. */
async function inTree(cwd: string, program: string, args: readonly string[]): Promise<string> {
  return await runCommand(program, args, { timeoutMs: 1_200_000, cwd });
}
