import { hidesPassword } from './hiddenPassword.ts';

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
