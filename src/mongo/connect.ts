import {
  MongoClient,
  MongoServerSelectionError,
  type Collection,
  type MongoClientOptions,
  type TopologyDescription,
} from 'mongodb';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import { limits, NoAnswerInTime, withDeadline } from './calls.ts';
import { toConfigurationError } from './configurationErrors.ts';
import { stateCollections, type StateCollections } from './database.ts';
import type { WatchedServerClock } from './serverClock.ts';

/**
 * How soon trouble is noticed, unless the URI says otherwise. A server that hangs without closing its
 * connections is found by the driver's heartbeat after at most `connectTimeoutMS` +
 * `heartbeatFrequencyMS`, which also interrupts what waits on it. One connection that is dead in silence is found
 * by each call's own limit (`calls.ts`) and taken out of the pool until the socket times out; those that nobody has
 * used for a while are not used any more, since a balancer or firewall may have forgotten them.
 */
const defaults = {
  connectTimeoutMS: 5_000,
  heartbeatFrequencyMS: 5_000,
  serverSelectionTimeoutMS: 5_000,
  maxIdleTimeMS: 10_000,
  waitQueueTimeoutMS: 5_000,
  // Longer than any limit of a call.
  socketTimeoutMS: 300_000,
} satisfies MongoClientOptions;

/**
 * A read of the change stream may scan the oplog for longer than any limit, whatever the URI says. It fails by itself when
 * its server is gone, so the server is polled only now and then: the other client watches it, too.
 */
const forTheStream = {
  socketTimeoutMS: 0,
  serverMonitoringMode: 'poll',
} satisfies MongoClientOptions;

/**
 * One document must not stop the stream: a stored regular expression that JavaScript has no equal for, or
 * a text that is not UTF-8, would otherwise make the driver throw while decoding the whole batch.
 */
export const lenientDecoding = {
  bsonRegExp: true,
  enableUtf8Validation: false,
} satisfies MongoClientOptions;

/** A client that is not connected yet. Throws `ConfigurationError` for a URI the driver can't use. */
export function createMongoClient(
  uri: string,
  appName: string,
  more: MongoClientOptions = {},
): MongoClient {
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
      ...more,
    });
  } catch (thrown) {
    throw (
      toConfigurationError(thrown) ??
      new ConfigurationError(`MONGODB_URI can't be used: ${toError(thrown).message}`)
    );
  }
}

/** The collections the worker works on, and the connections behind them. */
export interface MongoConnection {
  /** Which servers the URI names, without anything secret. */
  readonly servers: readonly string[];
  readonly sms: Collection;
  readonly state: StateCollections;
  /**
   * The SMS collection through a client of its own, for the change stream. Rejects when no server answers, and
   * may then be called again.
   */
  forReading(): Promise<Collection>;
  /**
   * Connects, unless it is connected. To be called before anything else, and again after it has failed: only then
   * does the driver connect again. Rejects with what is wrong with each server, or with a `ConfigurationError`.
   */
  connect(): Promise<void>;
  /**
   * Rejects, as `connect` does, when no server that takes writes answers within two seconds.
   */
  ping(): Promise<void>;
  /** Never rejects: what does not close in time is left to the end of the process. */
  close(): Promise<void>;
}

export function openMongo(
  options: {
    readonly uri: string;
    readonly database: string;
    readonly collection: string;
    readonly stateDatabase: string;
  },
  /** Learns the time with every ping. */
  clock: Pick<WatchedServerClock, 'learn'> | null = null,
): MongoConnection {
  const { uri, database, collection } = options;
  const client = createMongoClient(uri, 'notify-on-delivery');
  const streamClient = createMongoClient(uri, 'notify-on-delivery', forTheStream);
  const view = watchServers(client);
  let isClosed = false;
  /** Connected again, a client would keep the process alive. */
  const refuseClosed = (): void => {
    if (isClosed) throw new Error('the connection to MongoDB is closed');
  };
  /** What went wrong, as an operator can read it. */
  const explained = (thrown: unknown): Error => {
    nameSelectionCause(thrown);
    const noPrimary = thrown instanceof NoAnswerInTime ? view.noPrimary() : null;
    if (noPrimary !== null) return new Error(noPrimary, { cause: thrown });
    return toConfigurationError(thrown) ?? toError(thrown);
  };
  const { srvHost, hosts } = client.options;
  return {
    servers: srvHost === undefined ? hosts.map(String) : [srvHost],
    sms: client.db(database).collection(collection),
    state: stateCollections(client.db(options.stateDatabase)),
    async connect() {
      refuseClosed();
      try {
        await withDeadline(limits.connection, () => client.connect());
      } catch (thrown) {
        throw explained(thrown);
      }
    },
    async forReading() {
      refuseClosed();
      await withDeadline(limits.connection, () => streamClient.connect());
      return streamClient.db(database).collection(collection);
    },
    async ping() {
      const askedAtMs = performance.now();
      try {
        // As good as any question, and its answer has the time.
        const answer = await withDeadline(limits.ping, () =>
          client.db('admin').command({ hello: 1 }),
        );
        clock?.learn(answer['localTime'] as Date, askedAtMs);
      } catch (thrown) {
        throw explained(thrown);
      }
    },
    async close() {
      isClosed = true;
      await Promise.allSettled([
        withDeadline(limits.ending, () => client.close()),
        withDeadline(limits.ending, () => streamClient.close()),
      ]);
    },
  };
}

/** What a client knows of its servers. */
interface ServerView {
  /** Why no server takes writes, by what was last seen of each; null when one does. */
  noPrimary(): string | null;
}

function watchServers(client: MongoClient): ServerView {
  let seen: TopologyDescription | null = null;
  client.on('topologyDescriptionChanged', ({ newDescription }) => {
    seen = newDescription;
  });
  return { noPrimary: () => (seen === null ? null : whyNoPrimary(seen)) };
}

/** Servers that take writes, or pass them on to one that does. */
const TAKES_WRITES = ['Standalone', 'RSPrimary', 'Mongos', 'LoadBalancer'];

function whyNoPrimary(view: TopologyDescription): string | null {
  const servers = [...view.servers.values()];
  if (servers.some(({ type }) => TAKES_WRITES.includes(type))) return null;
  if (servers.length === 0) return 'no server is known';
  const states = servers.map(({ address, type, error }) => `${address} ${error?.message ?? type}`);
  return `no server takes writes: ${states.join('; ')}`;
}

/**
 * Replaces a message that only says how long a server was searched for with the state of each server: a refused port, a
 * name without an address, no primary.
 */
function nameSelectionCause(error: unknown): void {
  if (!(error instanceof MongoServerSelectionError) || error.reason === undefined) return;
  const cause = whyNoPrimary(error.reason);
  if (cause === null || error.message.includes(cause)) return;
  const { message, stack } = error;
  error.message = cause;
  // It begins with the message.
  if (stack !== undefined) error.stack = stack.replace(message, () => cause);
}
