import { hidesPassword } from './hiddenPassword.ts';

/**
 * Where a redirect leads, as it may be shown: whole, without user name, password, query and fragment. Null for nowhere.
 */
export function displayLocation(location: string | undefined, from: URL): string | null {
  if (location === undefined || !URL.canParse(location, from.href)) return null;
  const { protocol, host, pathname, href } = new URL(location, from);
  return host === '' || hidesPassword(href) ? null : `${protocol}//${host}${pathname}`;
}
