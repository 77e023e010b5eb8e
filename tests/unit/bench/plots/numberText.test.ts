import { expect, it } from '@jest/globals';
import { tickText, valueText } from '../../../../scripts/bench/plots/numberText.ts';

it.each([
  [null, '–'],
  [Number.NaN, '–'],
  [Number.POSITIVE_INFINITY, '–'],
  [0, '0.00'],
  [0.0004, '4.00e-4'],
  [12.34, '12.3'],
  [3912, '3,912'],
  [2.5e9, '2.50e+9'],
])('the value %p is shown as %s', (value, expected) => {
  expect(valueText(value)).toBe(expected);
});

it.each([
  [0, '0'],
  [0.1 + 0.2, '0.3'],
  [0.001, '0.001'],
  [20_000, '20,000'],
  [1e-4, '1e-4'],
  [1e7, '1e+7'],
])('the tick %p is shown as %s', (tick, expected) => {
  expect(tickText(tick)).toBe(expected);
});
