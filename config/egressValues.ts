import { isIP } from 'node:net';
import { allSchemes } from './config.ts';
import { parser } from './parser.ts';
import { succeeds } from './succeeds.ts';
import { splitList } from './values.ts';

/** Each an address, or an address and how many of its bits count. */
export function addressRanges() {
  return parser(
    'addresses or ranges such as 10.20.0.0/16,fd12::/48 separated by commas, or nothing',
    (text, refuse) => {
      const entries = splitList(text);
      if (entries.includes('')) return refuse('has an empty entry');
      const wrong = entries.findIndex((entry) => !isRange(entry));
      return wrong === -1
        ? entries
        : refuse(`has an entry that is no address or range, number ${wrong + 1}`);
    },
  );
}

function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return (
    bits === undefined ||
    (/^(?:0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

export function schemes() {
  return parser('https, http, or both separated by a comma', (text, refuse) => {
    const entries = splitList(text.toLowerCase());
    const known = allSchemes.filter((scheme) => entries.includes(scheme));
    const isKnown = entries.every((entry) => known.some((scheme) => scheme === entry));
    if (!isKnown) return refuse('has an entry that is neither https nor http');
    return known.length === 0 ? refuse('names no scheme') : known;
  });
}

/** Null for an empty text. */
export function proxyUrl() {
  return parser(
    'a URL such as http://user:password@proxy.internal:3128, or nothing',
    (text, refuse) => {
      if (text === '') return null;
      if (!/^https?:\/\//i.test(text)) return refuse('does not begin with http:// or https://');
      const url = URL.canParse(text) ? new URL(text) : null;
      if (url === null || !succeeds(() => decodeURIComponent(url.username + url.password))) {
        return refuse(
          'is not a URL (@ : / ? # % in a user name or password must be percent-encoded)',
        );
      }
      const isPlain = url.pathname === '/' && url.search === '' && url.hash === '';
      return isPlain ? url.href : refuse('has something after the host and port');
    },
  );
}
