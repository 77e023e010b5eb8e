import { marked } from './marked.ts';

/** What becomes of a notification: how its record ends, or that it gets none. */
export type End = string | null;

/** A row of the central database, and how a usable SMS of its account ends. */
export interface HostileRow {
  readonly what: string;
  readonly setting: string | null;
  /** Null for no webhook; `URL` in it stands for one that works. */
  readonly webhook: Readonly<{ url: string | null; headers?: string; secret?: string }> | null;
  readonly flow: 'enabled' | 'disabled' | 'of another' | 'missing';
  readonly end: End;
}

const { secret } = marked;
const open = {
  setting: 'true',
  webhook: { url: 'URL' },
  flow: 'enabled',
  end: 'delivered',
} as const;

const settings: readonly HostileRow[] = [
  ['TRUE', 'delivered'],
  [' True\t', 'delivered'],
  ['', null],
  ['yes', null],
  ['1', null],
  ['truely', null],
  ['true false', null],
  ['true\u0000', null],
  ['ｔrue', null],
  ['false', null],
].map(([setting = '', end = null]) => ({
  ...open,
  what: `setting ${JSON.stringify(setting)}`,
  setting,
  end,
}));

const urls: readonly HostileRow[] = [
  ['URL', 'delivered'],
  ['  URL\n', 'delivered'],
  ['URL?token=x&y=%00#z', 'delivered'],
  [`URL${'x'.repeat(1_500)}`, 'delivered'],
  ['', 'invalid_webhook'],
  ['URL\r\nx: y', 'invalid_webhook'],
  ['ftp://127.0.0.1/', 'invalid_webhook'],
  ['javascript:alert(1)', 'invalid_webhook'],
  ['http://', 'invalid_webhook'],
  ['http://u:%zz@127.0.0.1/', 'invalid_webhook'],
  ['http://127.0.0.1:70000/', 'invalid_webhook'],
  ['\u0000URL', 'invalid_webhook'],
  ['http://10.0.0.1/', 'blocked_address'],
].map(([url = '', end = null]) => ({
  ...open,
  what: `url ${url.slice(0, 40)}`,
  webhook: { url },
  end,
}));

const headers: readonly HostileRow[] = [
  ['null', 'delivered'],
  ['', 'delivered'],
  ['{}', 'delivered'],
  ['{"X-A":"1","x-a":2,"x-b":true}', 'delivered'],
  ['{"Host":"evil","webhook-id":"x","Content-Length":"0","proxy-x":"y"}', 'delivered'],
  ['{"__proto__":"x","constructor":"y","toString":"z"}', 'delivered'],
  ['not JSON', 'invalid_webhook'],
  ['[]', 'invalid_webhook'],
  ['"x: y"', 'invalid_webhook'],
  ['{"a b":"c"}', 'invalid_webhook'],
  ['{"":"c"}', 'invalid_webhook'],
  ['{"x":"a\\r\\nwebhook-id: b"}', 'invalid_webhook'],
  ['{"x":"a\\u0000"}', 'invalid_webhook'],
  ['{"x":"\\u4e2d"}', 'invalid_webhook'],
  ['{"x":{"y":"z"}}', 'invalid_webhook'],
  ['{"x":null}', 'invalid_webhook'],
  ['{"x":1e400}', 'invalid_webhook'],
].map(([text = '', end = null]) => ({
  ...open,
  what: `headers ${text}`,
  webhook: { url: 'URL', headers: text },
  end,
}));

const secrets: readonly HostileRow[] = [
  [secret, 'delivered'],
  [` ${secret}  ${secret} `, 'delivered'],
  ['', 'delivered'],
  ['whsec_', 'invalid_webhook'],
  ['whsec_c2hvcnQ=', 'invalid_webhook'],
  ['whsec_***', 'invalid_webhook'],
  ['plain text', 'invalid_webhook'],
  [`${secret} junk`, 'invalid_webhook'],
  [`WHSEC_${secret.slice(6)}`, 'invalid_webhook'],
].map(([text = '', end = null]) => ({
  ...open,
  what: `secret ${text.slice(0, 12)}`,
  webhook: { url: 'URL', secret: text },
  end,
}));

export const hostileRows: readonly HostileRow[] = [
  { ...open, what: 'as it should be' },
  { ...open, what: 'no setting', setting: null, end: null },
  { ...open, what: 'no webhook', webhook: null, end: 'no_default_webhook' },
  { ...open, what: 'a webhook without a URL', webhook: { url: null }, end: 'invalid_webhook' },
  { ...open, what: 'flow disabled', flow: 'disabled', end: 'flow_webhook_disabled' },
  { ...open, what: 'flow of another', flow: 'of another', end: 'flow_webhook_disabled' },
  { ...open, what: 'no flow', flow: 'missing', end: 'flow_webhook_disabled' },
  ...[...settings, ...urls, ...headers, ...secrets],
];
