import { describe, expect, it } from '@jest/globals';
import { parseEnvironmentFile } from '../../../src/runtime/environmentFile.ts';

/** What systemd.exec(5) and systemd's own tests of `EnvironmentFile=` say. */
describe('a file for EnvironmentFile=', () => {
  it.each<[string, Record<string, string>]>([
    ['A=1\nB=2', { A: '1', B: '2' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['# A=1\n ; A=2\nB=3\n', { B: '3' }],
    ['# goes on \\\nA=1\nB=2\n', { B: '2' }],
    ['A=a#b # no comment\n', { A: 'a#b # no comment' }],
    ['A = spaced  \t\n', { A: 'spaced' }],
    ['A=$HOME `id` $(id)\n', { A: '$HOME `id` $(id)' }],
    ["A='single \\ $x'\n", { A: 'single \\ $x' }],
    ['A="double \\" \\\\ \\$x \\n"\n', { A: 'double " \\ $x \\n' }],
    ['A="ends in \\\\"\nB=2', { A: 'ends in \\', B: '2' }],
    [`A='one '"two" three\n`, { A: 'one twothree' }],
    ["A=it's\n", { A: "it's" }],
    ['A="two\nlines"\nB=2', { A: 'two\nlines', B: '2' }],
    ['A=one \\\ntwo\n', { A: 'one two' }],
    ['A=a\\bc\n', { A: 'abc' }],
    ['A=\nB=2', { A: '', B: '2' }],
    ['A=1\nA=2', { A: '2' }],
    ['export A=1\n1B=2\nnothing\n', {}],
    ['', {}],
  ])('is read as systemd reads it: %j', (text, variables) => {
    expect(parseEnvironmentFile(text)).toEqual(variables);
  });
});
