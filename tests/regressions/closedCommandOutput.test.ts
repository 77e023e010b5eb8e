import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { useEndToEnd } from '../support/endToEnd.ts';

const e2e = useEndToEnd(import.meta.url);

interface End {
  readonly code: number | null;
  /** What came on the output that was not closed. */
  readonly said: string;
}

/** Runs a command one of whose outputs is closed before it can have written anything. */
async function runClosed(closed: 'stdout' | 'stderr', args: readonly string[]): Promise<End> {
  const child = spawn(process.execPath, ['dist/src/cli.js', ...args], {
    env: { PATH: process.env['PATH'], ...e2e().settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child[closed].destroy();
  const open = closed === 'stdout' ? child.stderr : child.stdout;
  const [[code], said] = await Promise.all([once(child, 'exit'), text(open)]);
  return { code: code as number | null, said };
}

const span = ['--since', '2026-01-01', '--until', '2026-01-02'];

// "… | head" ended with "Unhandled 'error' event … write EPIPE", a stack, and exit code 1 whatever was done.
it.each<[code: number, args: readonly string[]]>([
  [0, ['--help']],
  [0, ['--version']],
  [0, ['replay', '--help']],
  [0, ['status']],
  [0, ['status', '--json']],
  [0, ['retries', 'list']],
  [0, ['replay', ...span]],
  [0, ['backfill', ...span, '--dry-run', '--json']],
  [1, ['check', '--account', '1', '--json']],
  [2, ['endpoints', 'enable', '--json']],
])('ends quietly with %i when nobody reads what it prints: %j', async (code, args) => {
  const end = await runClosed('stdout', args);
  expect(end.code).toBe(code);
  expect(end.said).not.toMatch(/EPIPE|node:|at /);
});

it.each<[code: number, args: readonly string[], says: RegExp]>([
  [1, ['explain', 'nobody'], /^$/],
  [1, ['explain', 'nobody', '--json'], /no SMS/],
  [2, ['nonsense'], /^$/],
])('ends quietly with %i when nobody reads its errors: %j', async (code, args, says) => {
  const end = await runClosed('stderr', args);
  expect(end).toEqual({ code, said: expect.stringMatching(says) });
});

// A script that keeps what a command printed would take half of it for all.
it('says so when what it prints has no room', async () => {
  const child = spawn(process.execPath, ['dist/src/cli.js', 'status', '--json'], {
    env: { PATH: process.env['PATH'], ...e2e().settings },
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
  });
  const [[code], said] = await Promise.all([once(child, 'exit'), text(child.stderr as Readable)]);
  expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(/ENOSPC.*\n$/) });
});
