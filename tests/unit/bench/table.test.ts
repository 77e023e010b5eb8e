import { describe, expect, it } from '@jest/globals';
import { table } from '../../../scripts/bench/table.ts';

describe('a table', () => {
  it('is at most 80 columns wide, with headings above what they are of', () => {
    const lines = table(['', 'rate/s', 'p50 ms'], [['without', '545', '56.1']], 20).split('\n');
    expect(lines.map((line) => line.length)).toEqual([80, 80]);
    expect(lines[1]).toBe('without'.padEnd(20) + '545'.padStart(30) + '56.1'.padStart(30));
  });

  // It got into docs/performance.md, which the check of the format then refused.
  it('has no blanks at the end of a line whose last cells are empty', () => {
    const lines = table(['', 'rate/s', 'cores'], [['against without', '1.00×', '']]).split('\n');
    expect(lines[1]).toBe(`${'against without'.padEnd(22)}${'1.00×'.padStart(29)}`);
  });
});
