import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { commandLine, onOneLine } from '../../../../src/cli/output/table.ts';

const run = promisify(execFile);

describe('a command line', () => {
  it.each([
    'an id / with: all',
    "it's",
    'a;b',
    '$(id) `id` $HOME',
    '*',
    '~',
    '=ls',
    '#',
    '-x',
    '',
    "two\nlines\tand '\\",
    'फोन \u202e',
    'x'.repeat(100),
  ])('gives a shell back what went in: %j', async (word) => {
    const program = ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--'];
    for (const width of [20, 80, null]) {
      const line = commandLine([process.execPath, ...program, 'one', word, 'two'], width);
      // What a terminal obeys is not in it.
      expect(line.replaceAll('\n', '')).toBe(onOneLine(line.replaceAll('\n', '')));
      const { stdout } = await run('bash', ['-c', line], { env: { PATH: process.env['PATH'] } });
      expect(JSON.parse(stdout)).toEqual(['one', word, 'two']);
    }
  });
});
