/**
 * `npm run release -- VERSION`: writes the version and the changelog, makes what is published into release/, commits and
 * tags. It pushes and publishes nothing. With `--dry-run`, all of it happens in a clone that is then removed.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../config/packageRoot.ts';
import { readVersion } from '../src/installation.ts';
import { toError } from '../src/runtime/errors.ts';
import { projectAddress } from './address/projectAddress.ts';
import { artifacts } from './release/artifacts.ts';
import { unreleasedEntries } from './release/changelog.ts';
import { cloneTree, commitAndTag, problemsOfTree, writeVersion } from './release/tree.ts';
import { versionAsked } from './release/version.ts';

const usage = 'npm run release -- VERSION|major|minor|patch [--dry-run] [--without NAME]…';

function say(what: string, name: string, text: string): void {
  console.log(`${what.padEnd(9)} ${name.padEnd(10)} ${text}`);
}

interface Asked {
  readonly version: string;
  /** Names of artifacts that are not to be made. */
  readonly without: readonly string[];
}

async function releaseFrom(root: string, { version, without }: Asked): Promise<void> {
  const out = join(root, 'release');
  await rm(out, { recursive: true, force: true });
  await mkdir(out);
  const notes = unreleasedEntries(await readFile(join(root, 'CHANGELOG.md'), 'utf8'));
  say('wrote', 'version', (await writeVersion(root, version)).join(', '));
  for (const { name, make } of artifacts) {
    const isAsked = !without.includes(name);
    const end = isAsked
      ? await make({ version, image: projectAddress.image, root, out })
      : { leftOut: 'as you asked' };
    if ('made' in end) say('made', name, end.made);
    else say('left out', name, end.leftOut);
  }
  await commitAndTag(root, version, notes);
  say('made', 'commit', `Release ${version}, with the tag v${version}`);
}

async function releaseHere(asked: Asked): Promise<void> {
  try {
    await releaseFrom(packageRoot(), asked);
  } catch (cause) {
    const advice =
      'There is no tag: mend it, write "git checkout ." to undo what was written, and begin again.';
    throw new Error(`${toError(cause).message}\n${advice}`, { cause });
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      without: { type: 'string', multiple: true, default: [] },
    },
  });
  const [word, ...more] = positionals;
  if (word === undefined || more.length > 0) throw new Error(`Write: ${usage}`);
  const asked = versionAsked(word, readVersion());
  if (!asked.ok) throw new Error(asked.problem);
  const { version } = asked;
  const { without } = values;
  const unknown = without.filter((name) => !artifacts.some((artifact) => artifact.name === name));
  if (unknown.length > 0) {
    const names = artifacts.map(({ name }) => name).join(', ');
    throw new Error(`There is no ${unknown.join(', ')} to leave out, only ${names}.`);
  }
  const problems = await problemsOfTree(packageRoot(), version);
  if (!values['dry-run']) {
    if (problems.length > 0) throw new Error(problems.join('\n'));
    await releaseHere({ version, without });
    console.log(`\nRead "git show" and release/. Then: git push --atomic origin main v${version}`);
    return;
  }
  for (const problem of problems) say('refuses', 'release', problem);
  const clone = await cloneTree(packageRoot());
  try {
    await releaseFrom(clone.path, { version, without });
  } finally {
    await clone.remove();
  }
  console.log('\nA dry run: nothing was changed, and nothing was kept.');
}

try {
  await main();
} catch (thrown) {
  console.error(toError(thrown).message);
  process.exitCode = 1;
}
