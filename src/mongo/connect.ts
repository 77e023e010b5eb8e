import { MongoClient, type Collection, type MongoClientOptions } from 'mongodb';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import { limits, withDeadline } from './calls.ts';
import type { WatchedServerClock } from './serverClock.ts';
import { stateCollections, type StateCollections } from './stateCollections.ts';

/**
 * How soon trouble is noticed, unless the URI says otherwise. A server that hangs without closing its
 * connections is found by the driver's heartbeat after at most `connectTimeoutMS` +
 * `heartbeatFrequencyMS`, which also interrupts what waits on it; there is no socket timeout, since one
 * read of the change stream may scan the oplog for minutes.
 */
const defaults = {
  connectTimeoutMS: 5_000,
  heartbeatFrequencyMS: 5_000,
  serverSelectionTimeoutMS: 5_000,
} satisfies MongoClientOptions;

/**
 * One document must not stop the stream: a stored regular expression that JavaScript has no equal for, or
 * a text that is not UTF-8, would otherwise make the driver throw while decoding the whole batch.
 */
export const lenientDecoding = {
  bsonRegExp: true,
  enableUtf8Validation: false,
} satisfies MongoClientOptions;

/**
 * A client that connects on first use, and again whenever it has to. Throws `ConfigurationError` for a
 * URI the driver can't use.
 */
export function createMongoClient(uri: string, appName: string): MongoClient {
  const inUri = new Set(
    [...new URLSearchParams(uri.split('?')[1] ?? '').keys()].map((name) => name.toLowerCase()),
  );
  const chosen = Object.entries({ ...defaults, appName }).filter(
    ([name]) => !inUri.has(name.toLowerCase()),
  );
  try {
    return new MongoClient(uri, {
      ...Object.fromEntries(chosen),
      readPreference: 'primary',
      // Not `readConcern`: the URI's readConcernLevel would win over it.
      readConcernLevel: 'majority',
      writeConcern: { w: 'majority' },
      ...lenientDecoding,
    });
  } catch (thrown) {
    throw new ConfigurationError(`MONGODB_URI can't be used: ${toError(thrown).message}`);
  }
}

/** The collections the worker works on, and the connection behind them. */
export interface MongoConnection {
  readonly sms: Collection;
  readonly state: StateCollections;
  /** Rejects when no server that takes writes answers within two seconds. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function openMongo(
  options: {
    readonly uri: string;
    readonly database: string;
    readonly collection: string;
    readonly stateDatabase: string;
  },
  /** Told the time with every ping. */
  clock: Pick<WatchedServerClock, 'learn'> | null = null,
): MongoConnection {
  const client = createMongoClient(options.uri, 'notify-on-delivery');
  return {
    sms: client.db(options.database).collection(options.collection),
    state: stateCollections(client.db(options.stateDatabase)),
    async ping() {
      const askedAtMs = performance.now();
      // As good as any question, and its answer has the time.
      const answer = await withDeadline(limits.ping, () =>
        client.db('admin').command({ hello: 1 }),
      );
      clock?.learn(answer['localTime'] as Date, askedAtMs);
    },
    async close() {
      await withDeadline(limits.ending, () => client.close());
    },
  };
}
