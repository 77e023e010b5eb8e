import { hidesPassword } from './hiddenPassword.ts';
import { setField } from './plainValue.ts';

/** What can be called at all. */
export const allSchemes = ['https', 'http'] as const;
export type Scheme = (typeof allSchemes)[number];

/** A webhook's URL as it was set, read once. */
export type WebhookUrl =
  | Readonly<{ kind: 'usable'; url: URL; displayUrl: string }>
  | Readonly<{ kind: 'unusable'; displayUrl: string | null; problem: string }>;

/**
 * Stricter than `new URL`, which takes `https:host`, `http:\\host` and `http:///host` for addresses and
 * silently drops line breaks: whoever typed one of these gets to hear of it.
 *
 * @param schemes those that may be called
 */
export function parseWebhookUrl(text: string | null, schemes: readonly Scheme[]): WebhookUrl {
  const trimmed = text?.replace(spaceAround, '') ?? '';
  if (trimmed === '') return { kind: 'unusable', displayUrl: null, problem: 'it has no URL' };
  if (hidesPassword(trimmed)) {
    const problem =
      'its URL has an @ after its host: in a password / ? # @ are written %2F %3F %23 %40, and an @ in a path %40';
    return { kind: 'unusable', displayUrl: null, problem };
  }
  const url = URL.canParse(trimmed) ? new URL(trimmed) : null;
  const displayUrl = url === null ? displayOfBrokenUrl(trimmed) : displayOf(url);
  const problem = urlProblem(trimmed, url) ?? schemeProblem(url, schemes);
  if (url === null || displayUrl === null || problem !== null) {
    return { kind: 'unusable', displayUrl, problem: problem ?? 'its URL cannot be parsed' };
  }
  return { kind: 'usable', url, displayUrl };
}

/** A byte order mark is no space here: whoever pasted one along gets to hear of it. */
const spaceAround = /^[^\S\ufeff]+|[^\S\ufeff]+$/g;

function schemeProblem(url: URL | null, schemes: readonly Scheme[]): string | null {
  if (schemes.some((scheme) => url?.protocol === `${scheme}:`)) return null;
  return `its URL is not ${schemes.join(' or ')}, which EGRESS_SCHEMES asks for`;
}

function urlProblem(text: string, url: URL | null): string | null {
  const invisible = invisibleIn(text);
  if (invisible !== null) return `its URL has the invisible character ${invisible} in it`;
  if (!/^https?:/i.test(text)) return 'its URL is not http or https';
  if (!/^https?:\/\/[^/\\?#]/i.test(text)) return 'its URL has no host';
  // oxlint-disable-next-line no-control-regex -- these are what it looks for
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'its URL has control characters in it';
  if (url === null) return 'its URL cannot be parsed';
  if (!isDecodable(url.username) || !isDecodable(url.password)) {
    return 'the user name or password in its URL has a % that is not part of percent-encoding';
  }
  return null;
}

/**
 * One that came along when the URL was copied: at its ends, where it would be called as part of the path, and in the
 * host, which is resolved without it. Within a path some scripts need them.
 */
function invisibleIn(text: string): string | null {
  const authority = /^[a-z]*:\/\/([^/\\?#]*)/i.exec(text)?.[1] ?? '';
  const found = (atAnEnd.exec(text) ?? invisible.exec(authority))?.[0];
  if (found === undefined) return null;
  return `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Those that Unicode says are not drawn, but what only picks a form of the character before, and an empty pattern. */
const invisible = /(?![\ufe00-\ufe0f])[\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]/u;
const atAnEnd = new RegExp(`^${invisible.source}|${invisible.source}$`, 'u');

function displayOf(url: URL): string | null {
  return url.host === '' ? null : `${url.protocol}//${url.host}${url.pathname}`;
}

/** Only where no part of it can be a password: a plain host, and nothing with an `@` after it. */
function displayOfBrokenUrl(text: string): string | null {
  const shown = /^https?:\/\/[a-z\d.-]+(?::\d{1,9})?(?=[/?#]|$)[^?#]*/i.exec(text)?.[0];
  return shown === undefined || text.includes('@') ? null : shown;
}

function isDecodable(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}

export type WebhookHeaders =
  | Readonly<{ kind: 'usable'; headers: Readonly<Record<string, string>> }>
  | Readonly<{ kind: 'unusable'; problem: string }>;

/** Ours, or the transport's. A webhook that sets one of these is called without it. */
const reserved = new Set([
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'webhook-attempt',
  'host',
  'content-length',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
]);

/** Ours too, but these may be replaced, by what still says the same: the body is JSON, and there is a caller. */
const replaceable: ReadonlyMap<string, RegExp> = new Map([
  [
    'content-type',
    /^application\/json(?:[ \t]*;[ \t]*[\w!#$%&'*+.^`|~-]+=(?:[^"\s;,]+|"[^"]*"))*$/i,
  ],
  ['user-agent', /\S/],
]);

/** RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/** What Node writes into a header: it throws for anything else, and only once the call is being made. */
const sendable = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * Reads the headers a webhook sends along: JSON text or what a driver made of it. Of names that differ
 * only in case the last one counts.
 */
export function parseWebhookHeaders(column: unknown): WebhookHeaders {
  if (column === null || column === undefined) return { kind: 'usable', headers: {} };
  if (typeof column !== 'string') return fromJson(column);
  if (column.trim() === '') return { kind: 'usable', headers: {} };
  try {
    const json: unknown = JSON.parse(column);
    return json === null ? { kind: 'usable', headers: {} } : fromJson(json);
  } catch {
    return { kind: 'unusable', problem: 'its headers are not JSON' };
  }
}

function fromJson(json: unknown): WebhookHeaders {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { kind: 'unusable', problem: 'its headers are not a JSON object' };
  }
  const headers: Record<string, string> = {};
  for (const [index, [name, value]] of Object.entries(json).entries()) {
    // By its place, since a whole `Authorization: ...` line in place of a name would be a secret.
    if (!token.test(name)) {
      return { kind: 'unusable', problem: `the name of its header ${index + 1} is not a token` };
    }
    const lowerName = name.toLowerCase();
    if (reserved.has(lowerName) || lowerName.startsWith('proxy-')) continue;
    const text = headerText(value);
    if (replaceable.get(lowerName)?.test(text ?? '') === false) continue;
    if (text === null) {
      const problem = `the value of its header ${index + 1} is not text, a number or a boolean, or has characters a header cannot carry`;
      return { kind: 'unusable', problem };
    }
    setField(headers, lowerName, text);
  }
  return { kind: 'usable', headers };
}

function headerText(value: unknown): string | null {
  if (typeof value === 'string') return sendable.test(value) ? value : null;
  if (typeof value === 'boolean') return String(value);
  // Beyond these the digits that were stored are already lost.
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER
    ? String(value)
    : null;
}

const minKeyBytes = 24;
const maxKeyBytes = 64;

/**
 * Decodes `whsec_` secrets separated by spaces, as Standard Webhooks writes them; none for no secret.
 * Null when one can't be used: signing with the others would hide that a receiver can't verify.
 */
export function parseSigningKeys(secret: string | null): readonly Uint8Array[] | null {
  const keys: Uint8Array[] = [];
  for (const text of secret?.split(/\s+/) ?? []) {
    if (text === '') continue;
    const key = decodeKey(text);
    if (key === null) return null;
    keys.push(key);
  }
  return keys;
}

function decodeKey(text: string): Uint8Array | null {
  const base64 = /^whsec_([A-Za-z\d+/]+={0,2})$/.exec(text)?.[1];
  if (base64 === undefined) return null;
  try {
    const key = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
    return key.length >= minKeyBytes && key.length <= maxKeyBytes ? key : null;
  } catch {
    return null;
  }
}
