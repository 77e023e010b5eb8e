import { describe, expect, it } from '@jest/globals';
import { problemOf, webhookOf } from './rows.ts';

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
    ...['Content-Type', 'Webhook-Id', 'webhook-timestamp', 'webhook-signature'],
    ...['WEBHOOK-ATTEMPT', 'Host', 'content-length', 'connection', 'keep-alive'],
    ...['transfer-encoding', 'TE', 'trailer', 'upgrade', 'Expect'],
    ...['proxy-authorization', 'Proxy-Connection', 'proxy-'],
  ])('cannot set %s', (name) => {
    expect(webhookOf({ headers: { [name]: 'bad\nvalue', 'x-own': '1' } }).headers).toEqual({
      'x-own': '1',
    });
  });

  it.each([
    ['application/json; charset=utf-8', 'application/json; charset=utf-8'],
    ['Application/JSON;v=2 ; profile="x"', 'Application/JSON;v=2 ; profile="x"'],
    ['application/json', 'application/json'],
  ])('may give the content type parameters: %s', (given, sent) => {
    expect(webhookOf({ headers: { 'Content-Type': given } }).headers).toEqual({
      'content-type': sent,
    });
  });

  it.each([
    ...['text/plain', 'application/json-seq', 'application/vnd.api+json', 'application/jsonx; a=b'],
    ...['application/x-www-form-urlencoded', '', 'application/json, text/plain'],
    ...['application/json;', 'application/json; charset', 'application/json; a=b, c'],
  ])('can not make the content type %j', (given) => {
    const headers = { 'content-type': given, 'x-own': '1' };
    expect(webhookOf({ headers }).headers).toEqual({ 'x-own': '1' });
  });

  it('may name another user agent, but not none', () => {
    const headers = { 'User-Agent': 'acme/1.0 (sms)' };
    expect(webhookOf({ headers }).headers).toEqual({ 'user-agent': 'acme/1.0 (sms)' });
    expect(webhookOf({ headers: { 'user-agent': ' ' } }).headers).toEqual({});
    expect(webhookOf({ headers: { 'user-agent': 'a\nb' } }).headers).toEqual({});
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
