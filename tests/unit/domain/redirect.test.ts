import { describe, expect, it } from '@jest/globals';
import { displayLocation } from '../../../src/domain/redirect.ts';

const from = new URL('https://user:pass@hooks.example/sms/in?key=k');

describe('where a redirect leads', () => {
  it.each([
    ['https://other.example/x?token=t#f', 'https://other.example/x'],
    ['/login?next=t', 'https://hooks.example/login'],
    ['out', 'https://hooks.example/sms/out'],
    ['//other.example', 'https://other.example/'],
    ['http://u:p@other.example/x', 'http://other.example/x'],
  ])('is shown without what is secret: %s', (location, shown) => {
    expect(displayLocation(location, from)).toBe(shown);
  });

  it.each([undefined, 'http://', 'javascript:alert(1)', 'http://api:20/s3cret@other.example/'])(
    'is not shown for %s',
    (location) => {
      expect(displayLocation(location, from)).toBeNull();
    },
  );
});
