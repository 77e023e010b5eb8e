import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const tested = fileURLToPath(new URL('../../../src/runtime/endProcess.ts', import.meta.url));
/** Keeps a thread of the pool, as a library that waits for a server does, and says so. */
const stuck = `
  import { execFileSync } from 'node:child_process';
  import { mkdtempSync, open, rmSync } from 'node:fs';
  import { tmpdir } from 'node:os';
  import { join } from 'node:path';
  import { endProcess } from ${JSON.stringify(tested)};
  const folder = mkdtempSync(join(tmpdir(), 'notify-on-delivery-end-'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  open(join(folder, 'pipe'), 'r', () => undefined);
  setTimeout(() => {
    rmSync(folder, { recursive: true });
    console.log('ending');
    if (process.argv[1] === 'exit') process.exit(7);
    endProcess(7);
  }, 200);
`;

async function run(how: string): Promise<unknown> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', stuck, how], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  const overdue = setTimeout(() => child.kill('SIGKILL'), 3_000);
  const [code] = (await ended) as [number | null];
  clearTimeout(overdue);
  return code;
}

it('ends a process of which a thread is stuck, with its exit code', async () => {
  expect(await run('exit')).toBeNull();
  expect(await run('endProcess')).toBe(7);
});
