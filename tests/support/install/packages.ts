import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { packageRoot } from '../../../config/packageRoot.ts';
import { cached } from '../../../scripts/services/cacheFolder.ts';
import { findProgram, runCommand } from '../../../scripts/services/command.ts';

const limit = { timeoutMs: 600_000 };

/** What deploy/deb/build reads. */
const sources = [
  ...['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'tsconfig.build.json'],
  ...['config', 'deploy', 'docs', 'src', 'CHANGELOG.md', 'LICENSE'],
];

interface Edition {
  readonly version: string;
  /** Appended to the package's settings.env. */
  readonly settings?: string;
}

/**
 * The Debian package of this tree, as deploy/deb/build makes it, with another version and perhaps other settings in
 * it; in the folder, under the name that is returned.
 */
export async function buildPackage(
  target: string,
  { version, settings = '' }: Edition,
): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), 'notify-on-delivery-deb-'));
  try {
    for (const name of sources) {
      await cp(join(packageRoot(), name), join(tree, name), { recursive: true });
    }
    await symlink(join(packageRoot(), 'node_modules'), join(tree, 'node_modules'));
    for (const name of ['package.json', 'package-lock.json']) await setVersion(tree, name, version);
    const settingsFile = join(tree, 'deploy/deb/settings.env');
    await writeFile(settingsFile, (await readFile(settingsFile, 'utf8')) + settings);
    // Jest's own options are not for npm and the compiler.
    const env = { NODE_OPTIONS: '', PATH: await pathWithNfpm() };
    await runCommand(join(tree, 'deploy/deb/build'), [target], { ...limit, env });
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
  const made = (await readdir(target)).find((name) => name.includes(`_${version}_`));
  if (made === undefined) throw new Error(`deploy/deb/build made no package of ${version}`);
  return made;
}

async function setVersion(tree: string, name: string, version: string): Promise<void> {
  const path = join(tree, name);
  const fields = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...fields, version }));
}

/** The version that deploy/deb/build asks for is built by Go once, which takes minutes. */
async function pathWithNfpm(): Promise<string> {
  const path = process.env['PATH'] ?? '';
  if ((await findProgram(['nfpm'])) !== null) return path;
  const script = await readFile(join(packageRoot(), 'deploy/deb/build'), 'utf8');
  const [module = '', version = ''] = /\S+\/cmd\/nfpm@(v[\d.]+)/.exec(script) ?? [];
  const go = await findProgram(['go'], ['/usr/local/go/bin']);
  if (go === null) throw new Error('Neither nfpm nor Go, which builds it, was found.');
  const folder = await cached(`nfpm-${version}`, async (scratch) => {
    process.stderr.write(`Building nfpm ${version} (once) …\n`);
    const bin = join(scratch, 'bin');
    await mkdir(bin);
    await runCommand(go, ['install', module], { ...limit, env: { GOBIN: bin } });
    return bin;
  });
  return [folder, path].join(delimiter);
}
