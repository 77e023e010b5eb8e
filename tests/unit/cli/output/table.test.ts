import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commandLine, list, onOneLine, table, widthOf } from '../../../../src/cli/output/table.ts';

const id = '6ee80246-b56e-4dc3-b967-5ceefd62660b:DELIVERED';
const url = `https://customer.example/${'path/'.repeat(20)}hook`;

function widestLine(text: string): number {
  return Math.max(...text.split('\n').map(widthOf));
}

describe('a table', () => {
  const rows = [
    ['1', 'delivered'],
    ['12345', 'failed'],
  ];

  it('has its columns one under the other', () => {
    expect(table(['id', 'state'], rows, 80)).toBe(
      ['id     state', '1      delivered', '12345  failed'].join('\n'),
    );
  });

  it('is as wide as it is where there is no terminal', () => {
    const lines = table(['url', 'state'], [[url, 'word '.repeat(40).trim()]], null).split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain(url);
  });

  it('goes on under itself between words', () => {
    const reason =
      'its receiver answered 410 Gone, so it is not called any more until it is enabled';
    const text = table(['notification', 'why'], [[id, reason]], 80);
    expect(widestLine(text)).toBeLessThanOrEqual(80);
    expect(text.split('\n')[1]).toMatch(new RegExp(`^${id}  its receiver`));
    expect(text.replaceAll(/\s+/g, ' ')).toContain('until it is enabled');
  });

  it.each([80, 160])('shows each row as a list where %i columns are too few', (width) => {
    const long = url.repeat(Math.ceil(width / url.length));
    const text = table(
      ['webhook', 'url'],
      [
        ['5', long],
        ['6', 'http://b.example/'],
        ['7', ''],
      ],
      width,
    );
    expect(text).toBe(
      [`webhook  5\nurl      ${long}`, 'webhook  6\nurl      http://b.example/', 'webhook  7'].join(
        '\n\n',
      ),
    );
  });

  it('uses the room there is', () => {
    const cells = [id, '28', '3 503', 'in 29 s', 'http://127.0.0.1:44971/hooks/28'];
    const headings = ['notification', 'account', 'attempts', 'due', 'url'];
    expect(table(headings, [cells], 160).split('\n')).toHaveLength(2);
    expect(table(headings, [cells], 80)).toContain(`notification  ${id}\n`);
  });

  it('never cuts anything, whatever the width', () => {
    const cell = fc.oneof(fc.string({ unit: 'grapheme' }), fc.lorem(), fc.uuid(), fc.webUrl());
    const anyRows = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(anyRows, fc.option(fc.integer({ min: 1, max: 200 })), (given, width) => {
        const text = table(['a', 'b', 'c'], given, width);
        const shown = new Set(text.split(/\s+/));
        const words = given.flat().flatMap((each) => onOneLine(each).split(/\s+/));
        for (const word of words) expect(word === '' || shown.has(word)).toBe(true);
        expect(text).not.toContain('…');
      }),
    );
  });

  it('has room for a hundred thousand rows', () => {
    const many = Array.from({ length: 200_000 }, (_, row) => [String(row)]);
    expect(table(['row'], many, 80).split('\n')).toHaveLength(200_001);
  });

  it('shows none of what would move a terminal, or turn text around', () => {
    expect(onOneLine('a\u001b[2Jb\r\nc\u2028d\u202ee\ud800')).toBe('a·[2Jb··c·d·e·');
    expect(table(['a'], [['x\ny']], 80)).toBe('a\nx·y');
  });
});

describe('a character', () => {
  it.each([
    ['plain', 'abc', 3],
    ['Chinese', '短信', 4],
    ['Hangul', '문자', 4],
    ['full width', 'ＡＢ', 4],
    ['emoji', '👍', 2],
    ['a family', '👨‍👩‍👧', 2],
    ['a flag', '🇮🇳', 2],
    ['with combining marks', 'e\u0301a\u0308', 2],
    ['Arabic with marks', 'مُحَمَّد', 4],
    ['a mark by itself', '\u0301', 0],
    ['invisible', 'a\u200bb\ufeff', 2],
  ])('%s takes the columns it takes: %s', (_what, text, width) => {
    expect(widthOf(text)).toBe(width);
    const [heading, row] = table(['name', 'id'], [[text, '1']], 80).split('\n');
    expect(widthOf(row?.split('1')[0] ?? '')).toBe(heading?.indexOf('id'));
  });
});

describe('a list', () => {
  it('goes on under itself, and leaves long words whole', () => {
    const long = 'y'.repeat(90);
    const lines = list([['name', `${'word '.repeat(20)}${long} end`]], 80).split('\n');
    expect(lines[0]?.length).toBeLessThanOrEqual(80);
    expect(lines.slice(1)).toEqual([
      `      ${'word '.repeat(5).trim()}`,
      `      ${long}`,
      '      end',
    ]);
  });

  it('has its names as wide as the widest', () => {
    const entries = [
      ['a', '1'],
      ['bcd', '2'],
    ] as const;
    expect(list(entries, 80)).toBe('a    1\nbcd  2');
  });

  it('has each on one line where there is no terminal', () => {
    expect(list([['name', 'word '.repeat(50)]], null).split('\n')).toHaveLength(1);
  });
});

describe('a command line', () => {
  const words = ['npm', 'run', 'cli', '--', 'replay', '--since', '2026-01-31T10:00:00.000+05:30'];

  it('goes on as a shell reads it', () => {
    const text = commandLine([...words, '--account', '28', '--state', "it's"], 60);
    expect(widestLine(text)).toBeLessThanOrEqual(60);
    expect(text.replaceAll(/\s*\\\n\s*/g, ' ').trim()).toBe(
      `${words.join(' ')} --account 28 --state 'it'\\''s'`,
    );
  });

  it('is one line where there is no terminal', () => {
    expect(commandLine([...words, ...words], null)).not.toContain('\n');
  });
});
