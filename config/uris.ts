import { isIP } from 'node:net';
import { readMysqlOptions, type MysqlOptions } from './mysqlOptions.ts';
import { parser, splitList, succeeds } from './parsers.ts';

const encoding = '(@ : / ? # % in a user name or password must be percent-encoded)';

const uriPattern =
  /^(?<scheme>mongodb(?:\+srv)?):\/\/(?:(?<userinfo>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?:\/[^?#]*)?(?:\?[^#]*)?$/;
const hostPattern = /^(?:\[[\da-fA-F:.]+\]|[^:[\]\s]+)(?::\d{1,5})?$/;

/** Checks that need no driver. The driver parses the URI again and may still refuse it. */
export const mongodbUri = parser(
  'a connection string such as mongodb://user:password@host1,host2/?replicaSet=rs0',
  (text, refuse) => {
    if (!/^mongodb(?:\+srv)?:\/\//.test(text)) {
      return refuse('does not begin with mongodb:// or mongodb+srv://');
    }
    const parts = uriPattern.exec(text)?.groups;
    const hosts = parts?.['hosts']?.split(',') ?? [];
    const isDecodable = succeeds(() => decodeURIComponent(parts?.['userinfo'] ?? ''));
    if (hosts.length === 0 || !isDecodable || !hosts.every((host) => hostPattern.test(host))) {
      return refuse(`is not a connection string ${encoding}`);
    }
    if (parts?.['scheme'] === 'mongodb+srv' && !/^[^,:]+$/.test(parts['hosts'] ?? '')) {
      return refuse('must name exactly one host and no port with mongodb+srv://');
    }
    return text;
  },
);

/** The databases of the server itself: they have no change streams, or are not for applications. */
const serverDatabases = ['admin', 'config', 'local'];

export const mongodbDatabase = parser('the name of a database, such as central', (text, refuse) => {
  if (/[/\\. "$*<>:|?\0]/.test(text) || Buffer.byteLength(text) > 63) {
    return refuse('is not a valid MongoDB database name');
  }
  return serverDatabases.includes(text) ? refuse('is reserved for the server') : text;
});

export const mongodbCollection = parser(
  'the name of a collection, such as SMSDetailDocument',
  (text, refuse) =>
    /^(?:system\.|\.)|[$\0]|\.$/.test(text) || Buffer.byteLength(text) > 190
      ? refuse('is not a valid MongoDB collection name')
      : text,
);

export interface MysqlAccount {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Secret. */
  readonly password: string;
  readonly database: string;
}

/** A parsed connection string. The files that its options name have not been read yet. */
export interface MysqlUri {
  readonly account: MysqlAccount;
  readonly options: MysqlOptions;
}

const DEFAULT_PORT = 3306;

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** The scheme of MariaDB's own tools works too. */
export const mysqlUri = parser(
  'a connection string such as mysql://user:password@host:3306/database',
  (text, refuse): MysqlUri => {
    if (!/^(?:mysql|mariadb):\/\//.test(text)) {
      return refuse('does not begin with mysql:// or mariadb://');
    }
    const url = parseUrl(text);
    const encoded = url === null ? '' : url.username + url.password + url.hostname + url.pathname;
    if (
      url === null ||
      url.hostname === '' ||
      url.hash !== '' ||
      // A ? in the password: the rest of it would be taken for options, and shown.
      url.search.includes('@') ||
      !succeeds(() => decodeURIComponent(encoded))
    ) {
      return refuse(`is not a connection string ${encoding}`);
    }
    if (!/^\/[^/]+$/.test(url.pathname)) return refuse('does not name a database');
    const { options, problems } = readMysqlOptions(url.searchParams);
    if (problems.length > 0) return refuse(problems.join(', and '));
    return { account: accountOf(url), options };
  },
);

function accountOf(url: URL): MysqlAccount {
  const { hostname, port, pathname, username, password } = url;
  return {
    // An IPv6 address is in brackets.
    host: decodeURIComponent(hostname.replace(/^\[(.*)\]$/, '$1')),
    port: port === '' ? DEFAULT_PORT : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  };
}

/** Addresses, or ranges in CIDR notation. */
export const addressRanges = parser(
  'addresses or ranges such as 10.20.0.0/16,fd12::/48 separated by commas, or nothing',
  (text, refuse) => {
    const entries = splitList(text);
    if (entries.includes('')) return refuse('has an empty entry');
    const wrong = entries.findIndex((entry) => !isRange(entry));
    return wrong === -1
      ? entries
      : refuse(`has an entry that is not an address or range, number ${wrong + 1}`);
  },
);

function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return (
    bits === undefined ||
    (/^(?:0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

export const schemes = parser('https, http, or both separated by a comma', (text, refuse) => {
  const entries = splitList(text.toLowerCase());
  const known = (['https', 'http'] as const).filter((scheme) => entries.includes(scheme));
  const isKnown = entries.every((entry) => known.some((scheme) => scheme === entry));
  if (!isKnown) return refuse('has an entry that is neither https nor http');
  return known.length === 0 ? refuse('names no scheme') : known;
});

export const proxyUrl = parser(
  'a URL such as http://user:password@proxy.internal:3128',
  (text, refuse) => {
    if (!/^https?:\/\//i.test(text)) return refuse('does not begin with http:// or https://');
    const url = parseUrl(text);
    if (url === null || !succeeds(() => decodeURIComponent(url.username + url.password))) {
      return refuse(`is not a URL ${encoding}`);
    }
    const isPlain = url.pathname === '/' && url.search === '' && url.hash === '';
    return isPlain ? url.href : refuse('has a path or query after the host and port');
  },
);
