import { uuidRepresentations } from './config.ts';
import { duration } from './duration.ts';
import { mongodbCollection, mongodbDatabase, mongodbUri } from './mongodbValues.ts';
import { mysqlUri } from './mysqlValues.ts';
import type { Setting } from './setting.ts';
import { integer, oneOf, optional, path } from './values.ts';

export const databaseSettings = {
  MONGODB_URI: {
    section: 'mongodb',
    parser: mongodbUri(),
    default: null,
    secret: true,
    sample: 'mongodb://user:password@localhost:27017/?replicaSet=rs0',
    description:
      'Connection string of the replica set or sharded cluster that holds the SMS documents.',
  },
  MONGODB_DATABASE: {
    section: 'mongodb',
    parser: mongodbDatabase(),
    default: 'central',
    description: 'Database of the SMS documents.',
  },
  MONGODB_COLLECTION: {
    section: 'mongodb',
    parser: mongodbCollection(),
    default: 'SMSDetailDocument',
    description: 'Collection of the SMS documents.',
  },
  MONGODB_STATE_DATABASE: {
    section: 'mongodb',
    parser: mongodbDatabase(),
    default: null,
    sameAs: 'MONGODB_DATABASE',
    description: "Database of the worker's own state, collections `notify_on_delivery_*`.",
  },
  UUID_REPRESENTATION: {
    section: 'mongodb',
    parser: oneOf(uuidRepresentations),
    default: 'javaLegacy',
    description:
      'The byte order of UUIDs that are stored as Binary subtype 3, as the writer has it: `javaLegacy` (Spring Data, unless told otherwise), `csharpLegacy` or `pythonLegacy`. Subtype 4 has one order only.',
  },
  MYSQL_URI: {
    section: 'mysql',
    parser: mysqlUri(),
    default: null,
    secret: true,
    sample: 'mysql://user:password@localhost:3306/central',
    description:
      'Connection string of the central database with accounts, webhooks and flows; it names the database. SELECT is all the user needs.',
  },
  MYSQL_ADMIN_URI: {
    section: 'mysql',
    parser: optional(mysqlUri()),
    default: '',
    secret: true,
    description:
      'Connection string of a user who may write the tables of accounts, webhooks and flows: for the `setup` commands alone, the worker never uses it. Empty: none.',
  },
  MYSQL_POOL_SIZE: {
    section: 'mysql',
    parser: integer({ min: 1, max: 1_000 }),
    default: '5',
    description: 'Connections kept open to MySQL at most.',
  },
  MYSQL_TIMEOUT: {
    section: 'mysql',
    parser: duration({ min: '100ms', max: '5m' }),
    default: '5s',
    description:
      'How long a query may take, from when it is sent. One that takes longer is ended; when others are answered meanwhile, only the notifications of its account and flow wait.',
  },
  MYSQL_ROUTE_QUERY_FILE: {
    section: 'mysql',
    parser: path(),
    default: 'config/route.sql',
    description:
      "File with the query that finds an account's webhook. The default is found in the installation, any other path from the working directory.",
  },
  MYSQL_CA_FILE: {
    section: 'mysql',
    parser: path(),
    default: '',
    description:
      'File with the PEM certificates of the authorities to trust. With it the connection to MySQL uses TLS and the certificate of the server is verified.',
  },
  ROUTE_CACHE_TTL: {
    section: 'routeCache',
    parser: duration({ min: '0s', max: '24h' }),
    default: '30s',
    description:
      'How long an answer of MySQL, also a "no", is used again; a change there takes effect after this long at most. `0s` asks every time.',
  },
  ROUTE_CACHE_STALE: {
    section: 'routeCache',
    parser: duration({ min: '0s', max: '7d' }),
    default: '10m',
    description:
      'How old an answer may be that is still used while MySQL does not answer; after that, notifications wait for MySQL.',
  },
  ROUTE_CACHE_SIZE: {
    section: 'routeCache',
    parser: integer({ min: 1, max: 10_000_000 }),
    default: '50000',
    description: 'Number of answers kept in memory at most.',
  },
} as const satisfies Record<string, Setting>;
