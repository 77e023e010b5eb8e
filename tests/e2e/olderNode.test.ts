import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { isExecutable } from '../../scripts/services/command.ts';
import { OLDEST_NODE } from '../../src/runtime/nodeVersion.ts';

const run = promisify(execFile);

/** The machine's own Node, not the one that npm puts first, where it is older than what we need. */
async function findOlderNode(): Promise<string | null> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/bin', '/usr/bin'];
  for (const folder of new Set(folders)) {
    const path = join(folder, 'node');
    if (folder.includes('node_modules') || !(await isExecutable(path))) continue;
    const { stdout } = await run(path, ['--version']);
    if (Number.parseInt(stdout.slice(1), 10) < OLDEST_NODE) return path;
  }
  return null;
}

it.each(['main', 'cli'])('ends %s with 78 and one sentence that says what to do', async (name) => {
  const older = await findOlderNode();
  if (older === null) {
    console.log(`no Node older than ${OLDEST_NODE} is installed: ${name} was not started with one`);
    return;
  }
  await expect(run(older, [`dist/src/${name}.js`])).rejects.toMatchObject({
    code: 78,
    stdout: '',
    stderr: expect.stringMatching(
      /^.+ needs Node 24 or newer, not v\d+\.\d+\.\d+: .+ install .+\.\n$/,
    ),
  });
});

it('is said in package.json as well', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly engines: { readonly node: string };
  };
  expect(engines.node).toBe(`>=${OLDEST_NODE}`);
});
