import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../services/command.ts';
import { releaseEntries, unreleasedEntries } from './changelog.ts';

const limit = { timeoutMs: 120_000 };
const mainBranch = 'main';

async function git(root: string, ...args: readonly string[]): Promise<string> {
  return (await runCommand('git', args, { ...limit, cwd: root })).trim();
}

/** Why this tree can't be released as this version, a sentence each. */
export async function problemsOfTree(root: string, version: string): Promise<readonly string[]> {
  const problems: string[] = [];
  const branch = await git(root, 'branch', '--show-current');
  if (branch !== mainBranch) {
    const where = branch === '' ? 'No branch is checked out' : `The branch is ${branch}`;
    problems.push(`${where}: releases are made on ${mainBranch}.`);
  }
  if ((await git(root, 'status', '--porcelain')) !== '') {
    problems.push('There are changes that are not committed: commit or remove them.');
  }
  if ((await git(root, 'tag', '--list', `v${version}`)) !== '') {
    problems.push(`The tag v${version} exists: choose a later version.`);
  }
  if (unreleasedEntries(await readFile(join(root, 'CHANGELOG.md'), 'utf8')) === '') {
    problems.push('CHANGELOG.md has nothing under Unreleased: say there what changed.');
  }
  return problems;
}

/** A clone of what is committed, to try a release in, which `remove` ends. */
export async function cloneTree(
  root: string,
): Promise<Readonly<{ path: string; remove(): Promise<void> }>> {
  const path = await mkdtemp(join(tmpdir(), 'notify-on-delivery-release-'));
  const remove = async (): Promise<void> => await rm(path, { recursive: true, force: true });
  try {
    await git(root, 'clone', '--quiet', '.', path);
    await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
    // Where it is only tried, nobody may have told git who they are.
    await git(path, 'config', 'user.name', 'dry run');
    await git(path, 'config', 'user.email', 'dry-run@localhost');
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Writes the version wherever it stands, and the changelog; returns the files that have changed. */
export async function writeVersion(root: string, version: string): Promise<readonly string[]> {
  const inRoot = { ...limit, cwd: root };
  const args = [
    'version',
    version,
    '--no-git-tag-version',
    '--allow-same-version',
    '--ignore-scripts',
  ];
  await runCommand('npm', args, inRoot);
  const changelog = join(root, 'CHANGELOG.md');
  const today = new Date().toISOString().slice(0, 10);
  await writeFile(changelog, releaseEntries(await readFile(changelog, 'utf8'), version, today));
  await runCommand('npm', ['run', '--silent', 'generate'], inRoot);
  const changed = await git(root, 'diff', '--name-only');
  return changed.split('\n');
}

export async function commitAndTag(root: string, version: string, notes: string): Promise<void> {
  await git(root, 'commit', '--quiet', '--all', '--message', `Release ${version}`);
  const message = `notify-on-delivery ${version}\n\n${notes}`;
  await git(root, 'tag', '--annotate', '--cleanup=verbatim', '--message', message, `v${version}`);
}
