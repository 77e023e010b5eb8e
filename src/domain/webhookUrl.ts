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
  const trimmed = text?.trim() ?? '';
  if (trimmed === '') return { kind: 'unusable', displayUrl: null, problem: 'it has no URL' };
  const url = URL.canParse(trimmed) ? new URL(trimmed) : null;
  const displayUrl = url === null ? displayOfBrokenUrl(trimmed) : displayOf(url);
  const problem = urlProblem(trimmed, url) ?? schemeProblem(url, schemes);
  if (url === null || displayUrl === null || problem !== null) {
    return { kind: 'unusable', displayUrl, problem: problem ?? 'its URL cannot be parsed' };
  }
  return { kind: 'usable', url, displayUrl };
}

function schemeProblem(url: URL | null, schemes: readonly Scheme[]): string | null {
  if (schemes.some((scheme) => url?.protocol === `${scheme}:`)) return null;
  return `its URL is not ${schemes.join(' or ')}, which EGRESS_SCHEMES asks for`;
}

function urlProblem(text: string, url: URL | null): string | null {
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
