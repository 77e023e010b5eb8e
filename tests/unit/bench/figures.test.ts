import { describe, expect, it } from '@jest/globals';
import { figure, ratio, whole } from '../../../scripts/bench/figures.ts';

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
