import { describe, expect, it } from '@jest/globals';
import { spellingsOf } from '../../../src/domain/phoneNumber.ts';

const stored = '919876543210';

describe('a phone number', () => {
  it.each([
    ['as it is stored', '919876543210'],
    ['with a plus', '+919876543210'],
    ['with the prefix of calls abroad', '00919876543210'],
    ['with spaces, dashes and dots', ' +91 98765-432.10 '],
    ['with parentheses', '+91 (98765) 43210'],
    [
      'with spaces that do not break and marks of direction',
      '\u202a+91\u00a098765\u00a043210\u202c',
    ],
    ['as a link', 'tel:+91-98765-43210'],
    ['with a dash of print', '+91 98765–43210'],
    ['as at home', '9876543210'],
    ['as it is dialled at home', '098765 43210'],
  ])('is found however it is written: %s', (_how, written) => {
    expect(spellingsOf(written)).toContain(stored);
  });

  it.each(['9876543210', '+919876543210', '00919876543210', '09876543210', '919876543210'])(
    'is found however it is stored: %s',
    (kept) => {
      expect(spellingsOf('+91 98765 43210')).toContain(kept);
      expect(spellingsOf('98765 43210')).toContain(kept);
    },
  );

  it('that says its country is of no other', () => {
    // Singapore's have ten digits with their country's code.
    expect(spellingsOf('+65 8123 4567')).toEqual(['6581234567', '+6581234567', '006581234567']);
    expect(spellingsOf('6581234567')).toContain('916581234567');
    expect(spellingsOf('+44 7700 900123')).toEqual([
      '447700900123',
      '+447700900123',
      '00447700900123',
    ]);
  });

  it.each(['', '+', 'ninety-one', '91x', '12', '1'.repeat(21), '9+19876543210'])(
    'is none: %s',
    (written) => {
      expect(spellingsOf(written)).toBeNull();
    },
  );
});
