import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseIntegerId } from '../../../src/domain/ids.ts';

const bigint64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('parseIntegerId', () => {
  it.each([
    [28, 28],
    [0, 0],
    [-0, 0],
    [-28, -28],
    [2 ** 53, '9007199254740992'],
    [-(2 ** 53), '-9007199254740992'],
    [2 ** 62, '4611686018427387904'],
    [-(2 ** 63), '-9223372036854775808'],
    ['28', 28],
    ['0', 0],
    ['0028', 28],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['9223372036854775807', '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
    [`${'0'.repeat(40)}28`, 28],
  ])('reads %p as %p', (value, id) => {
    expect(parseIntegerId(value)).toBe(id);
  });

  it.each([
    [1.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [2 ** 63],
    [1e300],
    ['9223372036854775808'],
    ['-9223372036854775809'],
    ['-28'],
    ['-0'],
    ['+28'],
    [''],
    [' 28'],
    ['28\n'],
    ['28abc'],
    ['1.0'],
    ['1e3'],
    ['0x1c'],
    ['२८'],
    ['9'.repeat(101)],
    [true],
    [null],
    [undefined],
    [28n],
    [[28]],
    [{ valueOf: () => 28 }],
    [new Date(28)],
  ])('refuses %p', (value) => {
    expect(parseIntegerId(value)).toBeNull();
  });

  it('keeps every 64-bit number apart, and reads its own results back', () => {
    fc.assert(
      fc.property(bigint64, (value) => {
        const safe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
        const id = parseIntegerId(safe ? Number(value) : value.toString());
        expect(String(id)).toBe(value.toString());
        expect(typeof id).toBe(safe ? 'number' : 'string');
        expect(parseIntegerId(id)).toBe(id);
      }),
    );
  });
});
