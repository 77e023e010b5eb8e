import { describe, expect, it } from '@jest/globals';
import { isStale, statusTime } from '../../../src/domain/sms.ts';
import type { PlainDocument } from '../../../src/domain/plainValue.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';

const zone = createTimeZone('Asia/Kolkata');
const statusAt = new Date('2023-10-19T12:00:00.000+05:30');
const maxStatusAgeMs = 3_600_000;

function stale(document: PlainDocument, operation: 'insert' | 'replace' | 'update' = 'replace') {
  return isStale({ operation, document, statusAt, maxStatusAgeMs, zone });
}

describe('isStale', () => {
  const atLimit = new Date(statusAt.getTime() - maxStatusAgeMs);
  const beyond = new Date(atLimit.getTime() - 1);

  it('says so only beyond the limit', () => {
    expect(stale({ deliveryTime: atLimit })).toBe(false);
    expect(stale({ deliveryTime: beyond })).toBe(true);
  });

  it('holds for inserts and replaces, never for updates', () => {
    expect(stale({ deliveryTime: beyond }, 'insert')).toBe(true);
    expect(stale({ deliveryTime: beyond }, 'replace')).toBe(true);
    expect(stale({ deliveryTime: beyond }, 'update')).toBe(false);
  });

  it('does not mind times ahead of the change', () => {
    expect(stale({ deliveryTime: new Date('2033-01-01') })).toBe(false);
  });

  it.each<[string, PlainDocument, boolean]>([
    ['neither time', {}, false],
    ['the delivery before the sending', { deliveryTime: atLimit, sendTime: beyond }, false],
    ['the sending in its stead', { sendTime: beyond }, true],
    ['the sending when the delivery is null', { deliveryTime: null, sendTime: beyond }, true],
    [
      'the sending when the delivery is unreadable',
      { deliveryTime: 'soon', sendTime: beyond },
      true,
    ],
    [
      'the sending when the delivery is an invalid Date',
      { deliveryTime: new Date(Number.NaN), sendTime: beyond },
      true,
    ],
    ['text with an offset', { deliveryTime: '2023-10-19T05:29:59.999Z' }, true],
    ['text with an offset, at the limit', { deliveryTime: '2023-10-19T05:30:00.000Z' }, false],
    ['text as local time', { deliveryTime: '2023-10-19T10:59:59.999' }, true],
    ['text as local time, at the limit', { deliveryTime: '2023-10-19T11:00:00' }, false],
    ['a date without a time', { deliveryTime: '2023-10-18' }, true],
    ['no number', { deliveryTime: 0, sendTime: 0 }, false],
    ['no digits', { deliveryTime: '0', sendTime: '1234567890' }, false],
    ['no subdocument', { deliveryTime: { date: beyond }, sendTime: [beyond] }, false],
  ])('reads %s', (_what, document, expected) => {
    expect(stale(document)).toBe(expected);
  });

  it('does not look for times in the prototype', () => {
    const document: PlainDocument = Object.create({ deliveryTime: beyond });
    expect(stale(document)).toBe(false);
  });
});

describe('statusTime', () => {
  it('is null for a document without a readable time', () => {
    expect(statusTime({ deliveryTime: '12:00', sendTime: true }, zone)).toBeNull();
  });
});
