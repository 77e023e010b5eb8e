/** Stands for wherever the console is reached. */
const OWN = 'http://console.invalid';

/** Where a sign-in leads to: a page of the console, whatever the text says. */
export function ownPath(text: string): string {
  const url = URL.canParse(text, OWN) ? new URL(text, OWN) : null;
  if (url === null || url.origin !== OWN) return '/';
  const path = `${url.pathname}${url.search}`;
  // A browser takes two slashes for the beginning of a host.
  return path.startsWith('//') || /^\/(?:sign-in|sign-out|token)\b/.test(path) ? '/' : path;
}
