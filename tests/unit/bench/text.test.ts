import { describe, expect, it } from '@jest/globals';
import { figure, ratio, table, whole } from '../../../scripts/bench/text.ts';

describe('figure', () => {
  it.each([
    [0, '0.00'],
    [0.423, '0.42'],
    [9.994, '9.99'],
    [9.996, '10.0'],
    [42.34, '42.3'],
    [99.96, '100'],
    [12_345.6, '12,346'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('shows %p as %s', (value, expected) => {
    expect(figure(value)).toBe(expected);
  });
});

it('a ratio carries its sign, and none where there is none', () => {
  expect(ratio(8.1)).toBe('8.10×');
  expect(ratio(null)).toBe('–');
});

it('whole numbers have no digits after the point', () => {
  expect(whole(12_345.6)).toBe('12,346');
  expect(whole(null)).toBe('–');
});

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
