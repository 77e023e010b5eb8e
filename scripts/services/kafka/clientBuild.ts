import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { aptInstall } from '../apt.ts';
import { cached } from '../cacheFolder.ts';
import { runCommand } from '../command.ts';

export const clientName = '@confluentinc/kafka-javascript';
const version = '1.10.1';

/** With what its librdkafka needs for TLS, and for the compressions that a topic may use. */
const packages = [
  'g++',
  'make',
  'python3',
  'libssl-dev',
  'zlib1g-dev',
  'libzstd-dev',
  'liblz4-dev',
];
const advice =
  `Building ${clientName} needs npm, a C++ compiler, make, Python 3 and the headers of OpenSSL, zlib, ` +
  `zstd and lz4: install them (Debian and Ubuntu: apt-get install ${packages.join(' ')}).`;
const hasTools = `make --version && python3 --version &&
  printf '#include <%s>\\n' openssl/ssl.h zlib.h zstd.h lz4frame.h | g++ -E -x c++ -`;

/** Compilers at once. `make -j`, which the package itself asks for, starts one for each file. */
const parallel = '2';

/**
 * The folder of the package, built from source for the Node that runs. Nothing but npm packages is downloaded: the
 * usual installation takes a binary from GitHub, and the usual build takes more sources from there.
 */
export async function builtClient(): Promise<string> {
  const { platform, arch, versions } = process;
  const name = `kafka-client-${version}-${platform}-${arch}-abi${versions.modules}`;
  const folder = await cached(name, async (scratch) => {
    await ensureTools(scratch);
    process.stderr.write(`Building ${clientName} ${version} (some minutes, once) …\n`);
    try {
      return await build(join(scratch, 'client'));
    } catch (cause) {
      throw new Error(`${clientName} can't be built here: ${String(cause)}`, { cause });
    }
  });
  return join(folder, 'node_modules', clientName);
}

async function ensureTools(cwd: string): Promise<void> {
  const check = async (): Promise<unknown> =>
    await runCommand('sh', ['-c', hasTools], { timeoutMs: 60_000, cwd });
  await check().catch(async () => {
    await aptInstall(packages, advice);
    await check();
  });
}

async function build(folder: string): Promise<string> {
  await mkdir(folder);
  const manifest = {
    private: true,
    scripts: { gyp: 'node-gyp' },
    dependencies: { [clientName]: version },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  const env = {
    // Scripts of npm and of the package call `node`.
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    CKJS_LINKING: 'dynamic',
    JOBS: parallel,
    ...(await ownHeaders()),
  };
  const options = { timeoutMs: 1_500_000, cwd: folder, env };
  const own = join(folder, 'node_modules', clientName);
  const inPackage = { ...options, cwd: own };
  await runCommand('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], options);
  await runCommand(process.execPath, ['util/configure'], inPackage);
  const targets = ['libs', 'install-subdirs'];
  await runCommand('make', ['-j', parallel, '-C', 'deps/librdkafka', ...targets], inPackage);
  await runCommand('npm', ['run', 'gyp', '--', 'rebuild', '-C', own], options);
  // A hundred megabytes that loading it does not need.
  for (const needless of ['deps', 'build/Release/obj.target', 'build/Release/.deps']) {
    await rm(join(own, needless), { recursive: true, force: true });
  }
  return folder;
}

/** Where Node's headers lie beside it, none are downloaded, nor those of another Node used that npm is set up for. */
async function ownHeaders(): Promise<Readonly<Record<string, string>>> {
  const folder = dirname(dirname(process.execPath));
  return await access(join(folder, 'include', 'node', 'node.h')).then(
    () => ({ npm_config_nodedir: folder }),
    () => ({}),
  );
}
