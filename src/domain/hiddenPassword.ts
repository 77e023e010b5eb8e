/**
 * Whether what stands before the first slash of a URL may be the beginning of a user name and password in which a
 * `/`, `?` or `#` was not escaped: `http://api:2024/secret@host/x` leads to the host `api`, with the password in its
 * path. An e-mail address in a path or query looks much the same, so it counts what stands before it: an address or
 * `localhost` is no user name, a name with dots seldom one, and a password hardly ends in `/` or reads `name=value`.
 */
export function hidesPassword(text: string): boolean {
  const [, authority = '', rest = ''] =
    /^[a-z][a-z\d+.-]*:[/\\]*([^/\\?#]*)(.*)$/is.exec(text) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (plainHost.test(host)) return false;
  const hasPort = host.includes(':');
  const hasDots = host.includes('.');
  if (!hasPort && hasDots) return false;
  return [...rest.matchAll(beforeHost)].some(({ index }) => {
    if (hasPort && !hasDots) return true;
    const before = rest.slice(0, index);
    return !/[/\\]$/.test(before) && !/[?&][\w.[\]%-]+=[^&=]+$/.test(before);
  });
}

const plainHost = /^(?:localhost|\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])(?::\d*)?$/i;

/** An `@` behind which a host ends where one may end. */
const beforeHost = /@(?=(?:\[[\da-f:.]+\]|[^/\\?#@:&=;,\s]+)(?::\d*)?(?:[/\\?#]|$))/gi;
