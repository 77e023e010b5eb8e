import { describe, expect, it } from '@jest/globals';
import { problemOf, routeOf, webhookOf } from './rows.ts';

describe("a webhook's URL", () => {
  it.each([
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/'],
    ['HTTPS://Hooks.Example/a b?c', 'https://hooks.example/a%20b'],
    ['https://[::1]/x', 'https://[::1]/x'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ])('%s can be called and is shown as %s', (url, shown) => {
    expect(webhookOf({ url }).displayUrl).toBe(shown);
  });

  it.each<[string | null, string, string | null]>([
    [null, 'it has no URL', null],
    ['  ', 'it has no URL', null],
    ['ftp://u:p@files.example/x?y', 'its URL is not http or https', 'ftp://files.example/x'],
    ['javascript:alert(1)', 'its URL is not http or https', null],
    ['hooks.example/sms', 'its URL is not http or https', null],
    ['https:hooks.example/sms', 'its URL has no host', 'https://hooks.example/sms'],
    ['https:///sms', 'its URL has no host', 'https://sms/'],
    ['http://', 'its URL has no host', null],
    ['http:\\\\hooks.example', 'its URL has no host', 'http://hooks.example/'],
    [
      'https://hooks.example:99999/x?y',
      'its URL cannot be parsed',
      'https://hooks.example:99999/x',
    ],
    ['https://u:p@hooks.example:99999/', 'its URL cannot be parsed', null],
    ['https://hooks exam.ple/', 'its URL cannot be parsed', null],
    [
      'https://hooks.example/a\nb',
      'its URL has control characters in it',
      'https://hooks.example/ab',
    ],
    [
      'https://50%@hooks.example/',
      'the user name or password in its URL has a % that is not part of percent-encoding',
      'https://hooks.example/',
    ],
  ])('%j cannot be called: %s', (url, problem, displayUrl) => {
    expect(routeOf({ url })).toEqual({ kind: 'unusable', webhookId: 7, displayUrl, problem });
  });

  it.each([
    'http://api:2024/s3cret@hooks.example/x',
    'http://api:2024?s3cret@hooks.example/x',
    'http://api:2024#s3cret@hooks.example',
    'http://api:2024\\s3cret@hooks.example/x',
    'http://api:/s3cret@hooks.example/x',
    'https://api:20/s3/c+ret==@hooks.example:8443?x',
    'https://api:20?s3c=ret==@hooks.example/',
    'https://api:2024/s3cret/@hooks.example/',
    'https://api.user:2024/s3cret@hooks.example/x',
    'https://me@corp.example:20/s3cret@hooks.example/x',
    'https://api:2024/s3cret@[2001:db8::1]/x',
    'https://s3c/ret@hooks.example/x',
    'https://user:s3c/ret@hooks.example/',
    'ftp://api:2024/s3cret@hooks.example/x',
    'https:api:2024/s3cret@hooks.example/x',
  ])('%s, whose password was not escaped, cannot be called and is shown nowhere', (url) => {
    expect(routeOf({ url })).toMatchObject({ kind: 'unusable', displayUrl: null });
    expect(JSON.stringify(routeOf({ url }))).not.toContain('2024');
    expect(JSON.stringify(routeOf({ url }))).not.toContain('s3c');
  });

  it('says how to write what is in a password, and an @ elsewhere', () => {
    expect(problemOf({ url: 'http://api:2024/s3cret@hooks.example/x' })).toBe(
      'its URL has an @ after its host: in a password / ? # @ are written %2F %3F %23 %40, and an @ in a path %40',
    );
  });

  it.each([
    'https://hooks.example/@me/in',
    'https://hooks.example/users/me@corp.example/in',
    'https://hooks.example/in?to=me@corp.example',
    'https://hooks.example:8443/@me/in',
    'https://hooks.example:8443/in?a=b&to=me@corp.example',
    'https://hooks.example:8443/in?me@corp.example&x=1',
    'http://127.0.0.1:8080/users/me@corp.example',
    'http://[::1]:8080/users/me@corp.example',
    'http://localhost:8080/users/me@corp.example',
    'http://receiver/@me',
    'https://user:p%2Fa%40ss@hooks.example:8443/in',
    'https://hooks.example:8443/users/me%40corp.example',
  ])('%s has an @ that no host can follow, or a host that is plain to see', (url) => {
    expect(webhookOf({ url }).url.href).toBe(new URL(url).href);
  });

  it.each([
    ['U+200B', 'https://hooks.example/sms\u200b'],
    ['U+200B', '\u200bhttps://hooks.example/sms'],
    ['U+200E', 'https://hooks.example/sms\u200e \n'],
    ['U+FEFF', '\ufeffhttps://hooks.example/sms'],
    ['U+FEFF', 'https://hooks.example/sms?x=\ufeff'],
    ['U+2060', 'https://hooks.example\u2060'],
    ['U+00AD', 'https://hooks.example/sms\u00ad'],
    ['U+3164', 'https://hooks.example/sms\u3164'],
    ['U+200B', 'https://hooks\u200b.example/sms'],
  ])('is refused by the name of a character that is not seen: %s', (name, url) => {
    expect(problemOf({ url })).toBe(`its URL has the invisible character ${name} in it`);
  });

  it('may have joiners within a word of its path', () => {
    const url = 'https://hooks.example/\u0645\u06cc\u200c\u0631/x';
    expect(webhookOf({ url }).url.href).toBe(new URL(url).href);
  });
});
