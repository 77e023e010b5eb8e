import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { idText, notificationId, smsKey } from '../../../src/domain/ids.ts';
import type { PlainValue } from '../../../src/domain/plainValue.ts';

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme-ascii' }));

function idOf(id: PlainValue, status: string): string {
  return notificationId(smsKey(id) ?? '', status);
}

describe('smsKey', () => {
  it.each<[PlainValue, string]>([
    ['290a4138-5729-475f-95e1-9ff30f851d67', '290a4138-5729-475f-95e1-9ff30f851d67'],
    ['507f1f77bcf86cd799439011', '507f1f77bcf86cd799439011'],
    ['AZaz09-_', 'AZaz09-_'],
    ['', ''],
    ['a b', 'a%20b'],
    ['a:b', 'a%3Ab'],
    ['a/b?c#d', 'a%2Fb%3Fc%23d'],
    ['100%', '100%25'],
    ["a.b!c~d*e'f(g)h", 'a%2Eb%21c%7Ed%2Ae%27f%28g%29h'],
    ['é', '%C3%A9'],
    ['सं', '%E0%A4%B8%E0%A4%82'],
    ['😀', '%F0%9F%98%80'],
    ['\0\n', '%00%0A'],
    ['\uD83D', '%EF%BF%BD'],
    ['\uDE00\uD83D', '%EF%BF%BD%EF%BF%BD'],
    [42, '42'],
    [-42, '-42'],
    [-0, '0'],
    [2 ** 53, '9007199254740992'],
    [2 ** 60, '1152921504606846976'],
    [1e21, '1000000000000000000000'],
  ])('writes %p as %p', (id, key) => {
    expect(smsKey(id)).toBe(key);
  });

  it.each<[PlainValue]>([
    [1.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [null],
    [true],
    [new Date(0)],
    [['a']],
    [{ $binary: { base64: '', subType: '00' } }],
  ])('can not name an SMS by %p', (id) => {
    expect(smsKey(id)).toBeNull();
    expect(idText(id)).toBeNull();
  });

  it('takes ids of different types with the same text for one SMS', () => {
    expect(smsKey(42)).toBe(smsKey('42'));
  });
});

describe('notificationId', () => {
  it('joins both parts with a colon', () => {
    expect(idOf('290a4138-5729-475f-95e1-9ff30f851d67', 'DELIVERED')).toBe(
      '290a4138-5729-475f-95e1-9ff30f851d67:DELIVERED',
    );
    expect(idOf('a:b', 'NOT DELIVERED: no route')).toBe('a%3Ab:NOT%20DELIVERED%3A%20no%20route');
  });

  it('gives back both parts', () => {
    fc.assert(
      fc.property(text, text, (id, status) => {
        expect(idOf(id, status).split(':').map(decodeURIComponent)).toEqual([id, status]);
      }),
    );
  });

  it('uses header-safe characters and upper-case hex only', () => {
    fc.assert(
      fc.property(text, text, (id, status) => {
        expect(idOf(id, status)).toMatch(/^(?:[\w-]|%[0-9A-F]{2})*:(?:[\w-]|%[0-9A-F]{2})*$/);
      }),
    );
  });

  it('gives every pair of id and status its own', () => {
    fc.assert(
      fc.property(text, text, text, text, (id, status, otherId, otherStatus) => {
        const same = id === otherId && status === otherStatus;
        expect(idOf(id, status) === idOf(otherId, otherStatus)).toBe(same);
      }),
    );
    expect(idOf('a:b', 'c')).not.toBe(idOf('a', 'b:c'));
  });

  it('takes halves of surrogate pairs without throwing', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0xd7f0, max: 0xe00f })), (units) => {
        const half = String.fromCharCode(...units);
        expect(decodeURIComponent(smsKey(half) ?? '')).toBe(Buffer.from(half).toString());
      }),
    );
  });
});
