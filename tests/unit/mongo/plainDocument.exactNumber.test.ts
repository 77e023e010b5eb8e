import { describe, expect, it } from '@jest/globals';
import { Decimal128 } from 'mongodb';
import * as fc from 'fast-check';
import { isIntegralText, numberWhenExact } from '../../../src/mongo/plainDocument.ts';

/** An independent comparison: both brought to the same power of ten. */
function sameDecimal(one: string, other: string): boolean {
  const parts = [one, other].map((text) => {
    const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
    const [whole = '', fraction = ''] = mantissa.split('.');
    return { digits: BigInt(whole + fraction), power: Number(exponent) - fraction.length };
  });
  const lowest = Math.min(...parts.map(({ power }) => power));
  const [left, right] = parts.map(({ digits, power }) => digits * 10n ** BigInt(power - lowest));
  return left === right;
}

const decimal = fc
  .tuple(
    fc.oneof(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.bigInt(-999n, 999n)),
    fc.oneof(fc.integer({ min: -6176, max: 6111 }), fc.integer({ min: -20, max: 20 })),
  )
  .map(([digits, power]) => new Decimal128(`${digits}E${power}`).toString());

describe('numberWhenExact', () => {
  it.each([
    ['0', 0],
    ['28', 28],
    ['-28', -28],
    ['0.1', 0.1],
    ['0.10', 0.1],
    ['-0.75', -0.75],
    ['1E+3', 1000],
    ['1.0', 1],
    ['1E-7', 1e-7],
    ['0E-6176', 0],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992],
    ['9007199254740994', 9007199254740994],
    ['1000000000000000000', 1e18],
    ['1E+21', 1e21],
    ['5E-324', 5e-324],
  ])('reads %p as the number %p', (text, number) => {
    expect(numberWhenExact(text)).toBe(number);
  });

  it.each([
    // The nearest double is 9007199254740992.
    '9007199254740993',
    // 2^60: a double, but JavaScript prints it as 1152921504606847000.
    '1152921504606846976',
    // Prints the same digits, but the double is 2^60.
    '1152921504606847000',
    '9223372036854775807',
    '-9223372036854775808',
    '0.1234567890123456789',
    '0.30000000000000000001',
    '1E+23',
    '1.7976931348623157E+308',
    '1E+400',
    '1E-400',
    '9.999999999999999999999999999999999E+6144',
  ])('leaves %p as its text', (text) => {
    expect(numberWhenExact(text)).toBe(text);
  });

  it.each(['NaN', 'Infinity', '-Infinity', '', 'abc', '0x10', ' 1'])('is null for %p', (text) => {
    expect(numberWhenExact(text)).toBeNull();
  });

  it('never says another decimal, and an integer is the double too', () => {
    fc.assert(
      fc.property(decimal, (text) => {
        const result = numberWhenExact(text);
        expect(sameDecimal(String(result), text)).toBe(true);
        const whole = typeof result === 'number' && Number.isInteger(result);
        expect(!whole || sameDecimal(BigInt(result).toString(), text)).toBe(true);
      }),
    );
  });

  it('gives every double back that prints as its own value', () => {
    const doubles = fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((number) => !Number.isInteger(number) || Number.isSafeInteger(number));
    fc.assert(
      fc.property(doubles, (number) => {
        expect(numberWhenExact(String(number)) === number).toBe(true);
      }),
    );
  });
});

describe('isIntegralText', () => {
  it.each([
    ['0', true],
    ['-28', true],
    ['9007199254740993', true],
    ['9007199254740993.0', true],
    ['1.5E+30', true],
    ['0E-6176', true],
    ['28.5', false],
    ['1E-7', false],
    ['28.000000000000000000001', false],
    ['NaN', false],
    ['Infinity', false],
    ['', false],
  ])('of %s is %s', (text, expected) => {
    expect(isIntegralText(text)).toBe(expected);
  });
});
