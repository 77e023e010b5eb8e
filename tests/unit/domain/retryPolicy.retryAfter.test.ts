import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseRetryAfter } from '../../../src/domain/retryPolicy.ts';

const now = new Date('1994-11-06T08:49:37.000Z');
const minute = 60_000;

describe('a Retry-After header', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 120\t', 120_000],
    ['007', 7_000],
    ['99999999999', 99_999_999_999_000],
    ['2.0', 2_000],
    ['1.5', 1_500],
    ['0.0001', 1],
    ['.5', 500],
    ['3.', 3_000],
  ])('of seconds: %j is %d ms', (header, ms) => {
    expect(parseRetryAfter(header, now)).toBe(ms);
  });

  it('of more seconds than a number can count is longer than any wait', () => {
    expect(parseRetryAfter('9'.repeat(400), now)).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    ['the form to be sent', 'Sun, 06 Nov 1994 08:50:37 GMT'],
    ['the one of RFC 850', 'Sunday, 06-Nov-94 08:50:37 GMT'],
    ['the one of asctime, which is UTC as well', 'Sun Nov  6 08:50:37 1994'],
  ])('of a date, in %s, is the time until then', (_form, header) => {
    expect(parseRetryAfter(header, now)).toBe(minute);
  });

  it('counts to the millisecond of now', () => {
    const late = new Date(now.getTime() + 250);
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:50:37 GMT', late)).toBe(minute - 250);
  });

  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 'now itself'],
    ['Sun, 06 Nov 1994 08:49:36 GMT', 'the past'],
    ['Sun, 06 Nov 1994 25:00:00 GMT', 'no time'],
    ['Sun, 06 Nov 1994 08:50:37 +0530', 'another time zone'],
    ['1994-11-06T08:50:37Z', 'ISO 8601'],
    ['-5', 'less than nothing'],
    ['1.5.2', 'two points'],
    ['.', 'a point'],
    ['1,5', 'another point'],
    ['1e3', 'a power'],
    ['0x10', 'hexadecimal'],
    ['٥', 'another script'],
    ['5 s', 'a unit'],
    ['5, 6', 'two of them'],
    ['', 'nothing'],
    ['soon', 'a word'],
  ])('%j asks for nothing: %s', (header) => {
    expect(parseRetryAfter(header, now)).toBeNull();
  });

  it('that is absent asks for nothing', () => {
    expect(parseRetryAfter(null, now)).toBeNull();
  });

  it('is never a wait that is negative or not a number, whatever it says', () => {
    const parts = fc.constantFrom(
      'Sun',
      'Nov',
      'GMT',
      '06',
      '1994',
      '08:50:37',
      ' ',
      ',',
      '-',
      '9',
    );
    const header = fc.oneof(
      fc.string(),
      fc.array(parts).map((each) => each.join('')),
    );
    fc.assert(
      fc.property(header, (text) => {
        const ms = parseRetryAfter(text, now);
        expect(ms === null || ms >= 0).toBe(true);
      }),
    );
  });

  it('gives back any date written the way they are to be', () => {
    const dates = fc.date({
      min: new Date('2000-01-01T00:00:00Z'),
      max: new Date('2099-12-31T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        const whole = Math.floor(date.getTime() / 1_000) * 1_000;
        expect(parseRetryAfter(date.toUTCString(), now)).toBe(whole - now.getTime());
      }),
    );
  });
});
