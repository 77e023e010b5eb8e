import { describe, expect, it } from '@jest/globals';
import { list, onOneLine, table } from '../../../src/cli/table.ts';

describe('a table', () => {
  it('has its columns one under the other', () => {
    expect(
      table(
        ['id', 'state'],
        [
          ['1', 'delivered'],
          ['12345', 'failed'],
        ],
      ),
    ).toBe(['id     state', '1      delivered', '12345  failed'].join('\n'));
  });

  it('is never wider than 80 columns, at the cost of its widest', () => {
    const long = 'x'.repeat(300);
    const lines = table(
      ['id', 'url', 'state'],
      [
        ['1', long, 'failed'],
        ['2', 'y', long],
      ],
    ).split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^1 {3}x+… {2}failed$/);
  });

  it('shows none of what would move a terminal', () => {
    expect(onOneLine('a\u001b[2Jb\r\nc\u2028d')).toBe('a·[2Jb··c·d');
    expect(table(['a'], [['x\ny']])).toBe('a\nx·y');
  });
});

describe('a list', () => {
  it('goes on under itself, and leaves long words whole', () => {
    const long = 'y'.repeat(90);
    const lines = list([['name', `${'word '.repeat(20)}${long} end`]]).split('\n');
    expect(lines[0]?.length).toBeLessThanOrEqual(80);
    expect(lines.slice(1)).toEqual([
      `      ${'word '.repeat(5).trim()}`,
      `      ${long}`,
      '      end',
    ]);
  });

  it('has its names as wide as the widest', () => {
    expect(
      list([
        ['a', '1'],
        ['bcd', '2'],
      ]),
    ).toBe('a    1\nbcd  2');
  });
});
