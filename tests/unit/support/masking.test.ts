import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { PlainValue } from '../../../src/domain/plainValue.ts';
import { maskNumber } from '../../../src/support/masking.ts';

describe('a masked number', () => {
  it.each<[PlainValue, string]>([
    ['919999999999', '91•••••••999'],
    ['+91 98765-43210', '91•••••••210'],
    [919876543210, '91•••••••210'],
    ['9876543210', '98•••••210'],
    ['98765', '•••65'],
    ['1234', '••••'],
    ['0', '•'],
    ['', '•••••'],
    ['anna@example.com', '•••••'],
    ['९८७६५', '•••••'],
    [true, '•••••'],
    [{ number: '919999999999' }, '•••••'],
    [null, 'none'],
  ])('of %j is %s', (value, shown) => {
    expect(maskNumber(value)).toBe(shown);
  });

  it('shows at most five digits, and half of them', () => {
    const digits = fc.string({
      unit: fc.integer({ min: 0, max: 9 }).map(String),
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(digits, (number) => {
        const shown = maskNumber(number).replaceAll('•', '').length;
        expect(shown).toBeLessThanOrEqual(Math.min(5, number.length / 2));
      }),
    );
  });
});
