import { describe, expect, it } from '@jest/globals';
import { parsePlace, placeText } from '../../../src/support/notificationList.ts';

const place = { at: new Date('2026-01-31T10:00:00.120Z'), id: 'a%2Fb:DELIVERED' };

describe('a place in a list', () => {
  it('is read as it was written', () => {
    expect(parsePlace(placeText(place))).toEqual(place);
  });

  it.each(['', 'a', '2026-01-31/x', '2026-01-31T10:00:00.120Z/', '2026-13-31T10:00:00.120Z/x'])(
    'is not read from %j',
    (text) => {
      expect(parsePlace(text)).toBeNull();
    },
  );
});
