import { expect, it } from '@jest/globals';
import { ownPath } from '../../../../src/console/auth/ownPath.ts';

it.each([
  ['/', '/'],
  ['/find?q=919876543210&day=today', '/find?q=919876543210&day=today'],
  ['/sms/%2e%2e%2fx', '/sms/%2e%2e%2fx'],
  ['', '/'],
  ['https://evil.example/', '/'],
  ['//evil.example/', '/'],
  ['///evil.example/', '/'],
  ['/\\evil.example/', '/'],
  ['\\\\evil.example/', '/'],
  ['/\t/evil.example/', '/'],
  ['\u0000//evil.example/', '/'],
  ['/.//evil.example/', '/'],
  ['http:evil.example', '/evil.example'],
  ['https:evil.example', '/'],
  ['javascript:alert(1)', '/'],
  ['data:text/html,x', '/'],
  ['http://console.invalid//evil.example', '/'],
  ['/sign-in?next=/sign-in', '/'],
  ['/sign-out', '/'],
  ['/token/x', '/'],
  ['/x\r\nset-cookie: session=1', '/xset-cookie:%20session=1'],
])('takes %j for %j', (text, path) => {
  expect(ownPath(text)).toBe(path);
});
