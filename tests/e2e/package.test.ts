import { execFile } from 'node:child_process';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../config/packageRoot.ts';
import { readVersion } from '../../src/installation.ts';

const run = promisify(execFile);

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Without the settings of this process, and with the Node that runs it. */
const env = {
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  HOME: process.env['HOME'],
  NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'],
};

/** What may be in the package: what runs, and what its commands, units and alerts name. */
const shipped = [
  /^dist\/(?:src|config)\/.*\.js(?:\.map)?$/,
  /^config\/[\w.-]+\.sql$/,
  /^src\/console\/static\/[\w.]+$/,
  /^deploy\//,
  /^docs\/[\w-]+\.md$/,
  /^(?:package\.json|LICENSE|README\.md|CHANGELOG\.md|SECURITY\.md|\.env\.example)$/,
];

let folder: string;
let packed: Packed;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-package-'));
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: packageRoot(), env, maxBuffer: 2 ** 24 });
  [packed] = JSON.parse(stdout) as [Packed];
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the package', () => {
  it('holds what runs, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths.filter((path) => !shipped.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(paths).toEqual(
      expect.arrayContaining([
        'dist/src/main.js',
        'dist/src/cli.js',
        'dist/src/console.js',
        'dist/src/http/threads/threadMain.js',
        'config/route.sql',
        'config/route.key-value.sql',
        'src/console/static/console.css',
        'deploy/systemd/notify-on-delivery.service',
        'docs/operations.md',
        'docs/kafka.md',
        'LICENSE',
      ]),
    );
  });

  describe('installed in an empty folder', () => {
    const installed = (...path: readonly string[]): string => join(folder, 'node_modules', ...path);
    beforeAll(async () => {
      const args = ['install', '--omit=optional', '--ignore-scripts', '--prefer-offline'];
      await run('npm', [...args, '--no-audit', join(folder, packed.filename)], {
        cwd: folder,
        env,
      });
    }, 300_000);

    it('has a program that shows its help and version', async () => {
      const program = installed('.bin', 'notify-on-delivery');
      const help = await run(program, ['--help'], { cwd: folder, env });
      expect(help.stdout).toMatch(/^Usage: /);
      const version = await run(program, ['--version'], { cwd: folder, env });
      expect(version.stdout.trim()).toBe(readVersion());
    });

    it.each(['start', 'console'])(
      'says on npm run %s which settings are missing',
      async (script) => {
        const cwd = installed('notify-on-delivery');
        await expect(run('npm', ['run', '--silent', script], { cwd, env })).rejects.toMatchObject({
          code: 78,
          stdout: '',
          stderr: expect.stringMatching(
            /^The settings can't be used:\n(?: {2}.*\n)*? {2}MONGODB_URI\b/,
          ),
        });
      },
    );

    it('brings none of the tools for development', async () => {
      await expect(access(installed('mongodb'))).resolves.toBeUndefined();
      await expect(access(installed('jest'))).rejects.toMatchObject({ code: 'ENOENT' });
    });
  });
});
