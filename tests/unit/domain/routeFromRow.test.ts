import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Route, Webhook } from '../../../src/domain/route.ts';
import { routeFromRow, type RouteRow } from '../../../src/domain/routeFromRow.ts';
import { allSchemes } from '../../../src/domain/webhookUrl.ts';

const openRow: RouteRow = {
  notifyOnDelivery: 'true',
  flowWebhookEnabled: true,
  webhookId: 7,
  url: 'https://hooks.example/sms',
  headers: null,
  secret: null,
};

const reading = { digest: (text: string): string => text, schemes: allSchemes };

function routeOf(changes: Partial<RouteRow>): Route {
  return routeFromRow({ ...openRow, ...changes }, reading);
}

function webhookOf(changes: Partial<RouteRow>): Webhook {
  const route = routeOf(changes);
  if (route.kind !== 'open') throw new Error(`not open but ${JSON.stringify(route)}`);
  return route.webhook;
}

function problemOf(changes: Partial<RouteRow>): string {
  const route = routeOf(changes);
  if (route.kind !== 'unusable') throw new Error(`not unusable but ${route.kind}`);
  return route.problem;
}

function secretOf(bytes: number): string {
  return `whsec_${Buffer.alloc(bytes, 'k').toString('base64')}`;
}

describe('routeFromRow', () => {
  it.each(['true', 'TRUE', ' True\n'])('takes the setting %j for opted in', (setting) => {
    expect(routeOf({ notifyOnDelivery: setting }).kind).toBe('open');
  });

  it.each([null, '', 'false', '1', 'yes', 'truee', 'tr ue'])(
    'takes the setting %j for not opted in',
    (setting) => {
      expect(routeOf({ notifyOnDelivery: setting })).toEqual({ kind: 'notOptedIn' });
    },
  );

  it('gives the first reason that applies, in the order of the steps', () => {
    const broken = { url: null, flowWebhookEnabled: false, webhookId: null };
    expect(routeOf({ ...broken, notifyOnDelivery: 'false' })).toEqual({ kind: 'notOptedIn' });
    expect(routeOf(broken)).toEqual({ kind: 'missing', reason: 'no_default_webhook' });
    expect(routeOf({ ...broken, webhookId: 7 })).toEqual({
      kind: 'missing',
      reason: 'flow_webhook_disabled',
    });
    expect(routeOf({ url: null })).toMatchObject({ kind: 'unusable', webhookId: 7 });
  });

  it('gives a webhook that is ready to be called', () => {
    const webhook = webhookOf({
      webhookId: '9223372036854775807',
      url: ' https://user:pass@hooks.example:8443/sms/in?key=k#part ',
      headers: '{"X-Api-Key":"k1"}',
      secret: secretOf(24),
    });
    expect(webhook).toMatchObject({
      webhookId: '9223372036854775807',
      headers: { 'x-api-key': 'k1' },
      displayUrl: 'https://hooks.example:8443/sms/in',
      endpointKey: '9223372036854775807 https://user:pass@hooks.example:8443/sms/in?key=k#part',
    });
    expect(webhook.url.href).toBe('https://user:pass@hooks.example:8443/sms/in?key=k#part');
    expect(webhook.signingKeys).toEqual([Uint8Array.from(Buffer.alloc(24, 'k'))]);
  });

  it('keeps endpoints apart by webhook and by whole URL', () => {
    const keys = [
      webhookOf({}),
      webhookOf({ webhookId: 8 }),
      webhookOf({ url: 'https://hooks.example/sms?a' }),
    ].map((webhook) => webhook.endpointKey);
    expect(new Set(keys).size).toBe(3);
  });
});

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
    ['https://user:pa/ss@hooks.example/', 'its URL cannot be parsed', null],
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
});

describe("a webhook's headers", () => {
  it.each<[unknown]>([[null], [undefined], [''], [' '], ['null'], ['{}'], [{}]])(
    'are none for %j',
    (headers) => {
      expect(webhookOf({ headers }).headers).toEqual({});
    },
  );

  it('are read from JSON text and from what a driver parsed', () => {
    const headers = { 'X-Text': 'é', 'x-number': 1.5, 'x-flag': true, 'X-Empty': '' };
    const expected = { 'x-text': 'é', 'x-number': '1.5', 'x-flag': 'true', 'x-empty': '' };
    expect(webhookOf({ headers }).headers).toEqual(expected);
    expect(webhookOf({ headers: JSON.stringify(headers) }).headers).toEqual(expected);
  });

  it.each([
    ...['Content-Type', 'user-agent', 'Webhook-Id', 'webhook-timestamp', 'webhook-signature'],
    ...['WEBHOOK-ATTEMPT', 'Host', 'content-length', 'connection', 'keep-alive'],
    ...['transfer-encoding', 'TE', 'trailer', 'upgrade', 'Expect'],
    ...['proxy-authorization', 'Proxy-Connection', 'proxy-'],
  ])('cannot set %s', (name) => {
    expect(webhookOf({ headers: { [name]: 'bad\nvalue', 'x-own': '1' } }).headers).toEqual({
      'x-own': '1',
    });
  });

  it('may set authorization, also beside userinfo in the URL', () => {
    const webhook = webhookOf({ url: 'https://u:p@h.example/', headers: { Authorization: 'B t' } });
    expect(webhook.headers).toEqual({ authorization: 'B t' });
  });

  it('count once per name whatever its case, and the last one wins', () => {
    const headers = '{"X-Key":"1","x-key":"2","X-KEY":"3"}';
    expect(webhookOf({ headers }).headers).toEqual({ 'x-key': '3' });
  });

  it('may be called like a property every object has', () => {
    const { headers } = webhookOf({ headers: '{"__proto__":"p","constructor":"c"}' });
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ]);
  });

  it.each<[unknown, string]>([
    ['{', 'its headers are not JSON'],
    ['[]', 'its headers are not a JSON object'],
    ['"x"', 'its headers are not a JSON object'],
    [7, 'its headers are not a JSON object'],
    [['x'], 'its headers are not a JSON object'],
    [{ '': 'x' }, 'the name of its header 1 is not a token'],
    [{ ok: 'x', 'Authorization: Bearer t': '' }, 'the name of its header 2 is not a token'],
  ])('%j make it unusable: %s', (headers, problem) => {
    expect(problemOf({ headers })).toBe(problem);
  });

  it.each<[unknown]>([
    [null],
    [[]],
    [{}],
    ['a\r\nb: c'],
    ['a\nb'],
    ['a\0b'],
    ['\u007f'],
    ['snow ☃'],
    [2 ** 53],
    [Number.NaN],
  ])('make it unusable with the value %j', (value) => {
    expect(problemOf({ headers: { a: 'fine', b: value } })).toMatch(
      /^the value of its header 2 is not /,
    );
  });
});

describe("a webhook's secret", () => {
  it.each([null, '', '  '])('is none for %j', (secret) => {
    expect(webhookOf({ secret }).signingKeys).toEqual([]);
  });

  it('may be several, separated by spaces', () => {
    const secret = ` ${secretOf(24)}  ${secretOf(64)}\n`;
    expect(webhookOf({ secret }).signingKeys.map((key) => key.length)).toEqual([24, 64]);
  });

  it('is taken without its padding', () => {
    const secret = secretOf(25).replaceAll('=', '');
    expect(webhookOf({ secret }).signingKeys.map((key) => key.length)).toEqual([25]);
  });

  it.each([
    secretOf(23),
    secretOf(65),
    secretOf(32).slice('whsec_'.length),
    'whsec_',
    `whsec_${'_-'.repeat(20)}`,
    `whsec_${'A'.repeat(41)}`,
    `whsec_${'A'.repeat(41)}=`,
    `${secretOf(24)},${secretOf(24)}`,
    `${secretOf(24)} plain`,
  ])('makes it unusable when it is %s', (secret) => {
    expect(problemOf({ secret })).toBe(
      'its secret is not whsec_ followed by base64 of 24 to 64 bytes',
    );
  });
});

describe('any row', () => {
  const mark = 'M4rk';
  const marked = fc.string().map((text) => text + mark);
  const anyUrl = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.constantFrom(null, `https://${mark}@h.example/`, `https://u:${mark}@h.example:99999/x`),
    marked.map((text) => `https://h.example/?${text}`),
    marked.map((text) => `https://h.example:bad/?${encodeURIComponent(text)}`),
    marked.map((text) => `https://u:${encodeURIComponent(text)}@h.example/`),
  );
  const anyHeaders = fc.oneof(
    fc.anything(),
    fc.json(),
    fc.dictionary(fc.string(), marked),
    fc.dictionary(fc.string(), marked).map((headers) => JSON.stringify(headers)),
    fc.tuple(marked, fc.string()).map(([name, value]) => ({ [name]: value })),
  );
  const anyRow = fc.record<RouteRow>({
    notifyOnDelivery: fc.oneof(fc.constant('true'), fc.option(fc.string())),
    flowWebhookEnabled: fc.boolean(),
    webhookId: fc.oneof(fc.constant(null), fc.integer(), fc.string({ minLength: 1 })),
    url: anyUrl,
    headers: anyHeaders,
    secret: fc.oneof(fc.constant(null), marked, fc.string()),
  });

  it('gives a route, and never a secret, header value, userinfo or query in what is shown', () => {
    fc.assert(
      fc.property(anyRow, (row) => {
        const route = routeFromRow(row, reading);
        const shown =
          route.kind === 'unusable'
            ? [route.problem, route.displayUrl]
            : [route.kind === 'open' ? route.webhook.displayUrl : null];
        expect(JSON.stringify(shown)).not.toContain(mark);
      }),
      { numRuns: 500 },
    );
  });
});
