import { duration } from './duration.ts';
import { file, integer, oneOf, optional } from './parsers.ts';
import type { Setting } from './setting.ts';
import { mongodbCollection, mongodbDatabase, mongodbUri, mysqlUri } from './uris.ts';

export const databaseSettings = {
  MONGODB_URI: {
    key: 'mongodb.uri',
    parser: mongodbUri,
    default: null,
    secret: true,
    sample: 'mongodb://user:password@localhost:27017/?replicaSet=rs0',
    description:
      'Connection string of the replica set or sharded cluster that holds the SMS documents.',
  },
  MONGODB_DATABASE: {
    key: 'mongodb.database',
    parser: mongodbDatabase,
    default: 'central',
    description: 'Database of the SMS documents.',
  },
  MONGODB_COLLECTION: {
    key: 'mongodb.collection',
    parser: mongodbCollection,
    default: 'SMSDetailDocument',
    description: 'Collection of the SMS documents.',
  },
  MONGODB_STATE_DATABASE: {
    key: 'mongodb.stateDatabase',
    parser: mongodbDatabase,
    default: null,
    sameAs: 'MONGODB_DATABASE',
    description: "Database for the worker's own state, the collections `notify_on_delivery_*`.",
  },
  UUID_REPRESENTATION: {
    key: 'mongodb.uuidRepresentation',
    parser: oneOf(['javaLegacy', 'csharpLegacy', 'pythonLegacy']),
    default: 'javaLegacy',
    description:
      'Byte order of UUIDs stored as BSON Binary subtype 3. It must match the application that writes the documents: `javaLegacy` (the default of Spring Data), `csharpLegacy` or `pythonLegacy`. Subtype 4 has only one byte order.',
  },
  MYSQL_URI: {
    key: 'mysql.server',
    parser: mysqlUri,
    default: null,
    secret: true,
    sample: 'mysql://user:password@localhost:3306/central',
    description:
      'Connection string of the central database, which holds accounts, webhooks and flows. It must name the database. The user needs only SELECT. To use TLS, add `?ssl-mode=REQUIRED`, `VERIFY_CA` or `VERIFY_IDENTITY`, or the equivalent option of another driver. Unknown options are refused.',
  },
  MYSQL_ADMIN_URI: {
    key: 'mysql.adminServer',
    parser: optional(mysqlUri),
    default: '',
    secret: true,
    description:
      'Connection string of a user with write access to the tables of accounts, webhooks and flows. Only the `setup` commands use it; the worker never does. Empty: none.',
  },
  MYSQL_POOL_SIZE: {
    key: 'mysql.poolSize',
    parser: integer({ min: 1, max: 1_000 }),
    default: '5',
    description: 'Maximum number of connections to MySQL.',
  },
  MYSQL_TIMEOUT: {
    key: 'mysql.timeoutMs',
    parser: duration({ min: '100ms', max: '5m' }),
    default: '5s',
    description:
      'Maximum duration of a query, counted from when it is sent. A query that takes longer is cancelled. If MySQL answers other queries in the meantime, only the notifications for the account and flow of the query wait.',
  },
  MYSQL_ROUTE_QUERY_FILE: {
    key: 'mysql.routeQuery',
    parser: file,
    default: 'config/route.sql',
    description:
      "File with the query that finds an account's webhook. The default is relative to the installation; any other path is relative to the working directory.",
  },
  MYSQL_CA_FILE: {
    key: 'mysql.ca',
    parser: optional(file),
    default: '',
    description:
      'File with the PEM certificates of the trusted certificate authorities. If set, the connection to MySQL uses TLS and verifies the certificate of the server. It also verifies the host name, unless the connection string contains `ssl-mode=VERIFY_CA`.',
  },
  ROUTE_CACHE_TTL: {
    key: 'routeCache.ttlMs',
    parser: duration({ min: '0s', max: '24h' }),
    default: '30s',
    description:
      'How long an answer from MySQL is cached, including a negative one. A change in MySQL takes effect within this time. `0s` queries MySQL every time.',
  },
  ROUTE_CACHE_STALE: {
    key: 'routeCache.staleMs',
    parser: duration({ min: '0s', max: '7d' }),
    default: '10m',
    description:
      'Maximum age of a cached answer that is used while MySQL does not answer. After that, notifications wait for MySQL.',
  },
  ROUTE_CACHE_SIZE: {
    key: 'routeCache.maxEntries',
    parser: integer({ min: 1, max: 10_000_000 }),
    default: '50000',
    description: 'Maximum number of answers kept in memory.',
  },
} as const satisfies Record<string, Setting>;
