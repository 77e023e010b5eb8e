import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { routeFromRow, type RouteRow } from '../../../src/domain/route.ts';
import { problemOf, reading, routeOf, webhookOf } from './rows.ts';

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
    marked.map((text) => `https://u:20/${encodeURIComponent(text)}@h.example/`),
    marked.map((text) => `http:u:20#${encodeURIComponent(text)}@h.example`),
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
