import { parser } from './parser.ts';
import { succeeds } from './succeeds.ts';

const uriPattern =
  /^(?<scheme>mongodb(?:\+srv)?):\/\/(?:(?<userinfo>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?:\/[^?#]*)?(?:\?[^#]*)?$/;
const hostPattern = /^(?:\[[\da-fA-F:.]+\]|[^:[\]\s]+)(?::\d{1,5})?$/;

/** What can be told without the driver, which parses it again and may still refuse it. */
export function mongodbUri() {
  return parser(
    'a connection string such as mongodb://user:password@host1,host2/?replicaSet=rs0',
    (text, refuse) => {
      if (!/^mongodb(?:\+srv)?:\/\//.test(text)) {
        return refuse('does not begin with mongodb:// or mongodb+srv://');
      }
      const parts = uriPattern.exec(text)?.groups;
      const hosts = parts?.['hosts']?.split(',') ?? [];
      const isDecodable = succeeds(() => decodeURIComponent(parts?.['userinfo'] ?? ''));
      if (hosts.length === 0 || !isDecodable || !hosts.every((host) => hostPattern.test(host))) {
        return refuse(
          'is not a connection string (@ : / ? # % in a user name or password must be percent-encoded)',
        );
      }
      if (parts?.['scheme'] === 'mongodb+srv' && !/^[^,:]+$/.test(parts['hosts'] ?? '')) {
        return refuse('must name exactly one host and no port with mongodb+srv://');
      }
      return text;
    },
  );
}

/** The server's own databases have no change streams, or are not for applications. */
const serverDatabases = ['admin', 'config', 'local'];

export function mongodbDatabase() {
  return parser('the name of a database, such as central', (text, refuse) => {
    if (/[/\\. "$*<>:|?\0]/.test(text) || Buffer.byteLength(text) > 63) {
      return refuse('is not a name MongoDB allows for a database');
    }
    return serverDatabases.includes(text) ? refuse("is one of the server's own databases") : text;
  });
}

export function mongodbCollection() {
  return parser('the name of a collection, such as SMSDetailDocument', (text, refuse) =>
    /^(?:system\.|\.)|[$\0]|\.$/.test(text) || Buffer.byteLength(text) > 190
      ? refuse('is not a name MongoDB allows for a collection')
      : text,
  );
}
