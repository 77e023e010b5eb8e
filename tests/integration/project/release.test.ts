import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';

const execute = promisify(execFile);
/** Each release compiles the project. */
const longMs = 400_000;
const notOfTree = new Set(['node_modules', 'dist', 'coverage', 'release', '.cache', '.git']);

let root: string;

async function git(...args: readonly string[]): Promise<string> {
  return (await execute('git', args, { cwd: root })).stdout.trim();
}

async function release(...args: readonly string[]): Promise<string> {
  const command = ['run', '--silent', 'release', '--', ...args];
  return (await execute('npm', command, { cwd: root })).stdout;
}

/** These take minutes where their tools are; ci.yml makes them. */
const withoutSlow = ['image', 'deb', 'chart'].flatMap((name) => ['--without', name]);

/** What a release would change. */
async function state(): Promise<readonly string[]> {
  const folders = (await readdir(root)).toSorted().join(' ');
  return [
    await git('status', '--porcelain'),
    await git('log', '--oneline', '--all'),
    await git('tag'),
    folders,
  ];
}

/** A repository of what is here: a checkout under test may be none, or on another branch. */
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'notify-on-delivery-tree-')));
  const isOfTree = (path: string): boolean => !notOfTree.has(basename(path));
  for (const name of (await readdir(packageRoot())).filter(isOfTree)) {
    await cp(join(packageRoot(), name), join(root, name), {
      recursive: true,
      filter: (path) => basename(path) !== 'node_modules',
    });
  }
  await symlink(join(packageRoot(), 'node_modules'), join(root, 'node_modules'));
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('config', 'user.name', 'test');
  await git('config', 'user.email', 'test@localhost');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Begin');
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('npm run release', () => {
  it(
    'changes nothing on a dry run, and says what it would make',
    async () => {
      const before = await state();
      const output = await release('77.1.0', '--dry-run', ...withoutSlow);
      expect(output).toMatch(/^made +package +notify-on-delivery-77\.1\.0\.tgz, \d+ files$/m);
      expect(output).toMatch(
        /^made +SBOM +notify-on-delivery-77\.1\.0\.cdx\.json, \d+ components$/m,
      );
      expect(output).toMatch(/^made +commit +Release 77\.1\.0, with the tag v77\.1\.0$/m);
      expect(output).not.toMatch(/^refuses/m);
      expect(output).toMatch(/^left out +image +as you asked$/m);
      expect(output).toMatch(/^left out +chart +as you asked$/m);
      expect(await state()).toEqual(before);
    },
    longMs,
  );

  it('refuses a tree with changes, another branch and a version that exists', async () => {
    await git('checkout', '--quiet', '-b', 'other');
    await git('tag', 'v77.2.0');
    await writeFile(join(root, 'new.txt'), 'new');
    const before = await state();
    await expect(release('77.2.0')).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        'The branch is other: releases are made on main.\n' +
        'There are changes that are not committed: commit or remove them.\n' +
        'The tag v77.2.0 exists: choose a later version.\n',
    });
    await expect(release('77.3.0', '--without', 'all')).rejects.toMatchObject({ code: 1 });
    await expect(release('next')).rejects.toMatchObject({ code: 1 });
    expect(await state()).toEqual(before);
    await rm(join(root, 'new.txt'));
    await git('checkout', '--quiet', 'main');
  });

  it(
    'commits the version, tags it with what changed, and makes the files',
    async () => {
      await release('77.3.0', ...withoutSlow);
      expect(await git('status', '--porcelain')).toBe('');
      expect(await git('log', '-1', '--format=%s')).toBe('Release 77.3.0');
      expect(await git('rev-parse', 'v77.3.0^{commit}')).toBe(await git('rev-parse', 'main'));
      const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
        version: string;
      };
      expect(version).toBe('77.3.0');
      const changelog = await readFile(join(root, 'CHANGELOG.md'), 'utf8');
      expect(changelog).toMatch(/^## Unreleased\n\n## 77\.3\.0 \(\d{4}-\d\d-\d\d\)\n\n- /m);
      const entry = /^- .*$/m.exec(changelog)?.[0] ?? 'no entry';
      expect(await git('tag', '--list', '--format=%(contents)', 'v77.3.0')).toContain(entry);
      await execute('npm', ['run', '--silent', 'generate:check'], { cwd: root });
      const files = await readdir(join(root, 'release'));
      expect(files).toEqual(
        expect.arrayContaining([
          'SHA256SUMS',
          'notify-on-delivery-77.3.0.cdx.json',
          'notify-on-delivery-77.3.0.tgz',
        ]),
      );
      await execute('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
        cwd: join(root, 'release'),
      });
      // Nothing has been written about since.
      await expect(release('77.4.0')).rejects.toMatchObject({
        stderr: 'CHANGELOG.md has nothing under Unreleased: say there what changed.\n',
      });
    },
    longMs,
  );
});
