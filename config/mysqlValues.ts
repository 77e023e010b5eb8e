import { parser } from './parser.ts';
import { succeeds } from './succeeds.ts';

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** The driver ignores the scheme, so a URI written for MariaDB's own tools works as well. */
export function mysqlUri() {
  return parser(
    'a connection string such as mysql://user:password@host:3306/database',
    (text, refuse) => {
      if (!/^(?:mysql|mariadb):\/\//.test(text)) {
        return refuse('does not begin with mysql:// or mariadb://');
      }
      const url = parseUrl(text);
      const encoded = url === null ? '' : url.username + url.password + url.hostname + url.pathname;
      if (
        url === null ||
        url.hostname === '' ||
        url.hash !== '' ||
        !succeeds(() => decodeURIComponent(encoded))
      ) {
        return refuse(
          'is not a connection string (@ : / ? # % in a user name or password must be percent-encoded)',
        );
      }
      return /^\/[^/]+$/.test(url.pathname) ? text : refuse('does not name a database');
    },
  );
}
