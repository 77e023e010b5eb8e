import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { LRUCache } from 'lru-cache';
import {
  type Connection,
  type ConnectionListener,
  createConnection,
  createIdleConnections,
} from './connection.ts';
import { type Egress, openSocket } from './egress.ts';
import {
  createEndpointConnections,
  createReceiverTrust,
  type EndpointConnections,
  type OpenConnection,
} from './endpointConnections.ts';

export interface ConnectionPool {
  /** Gives Node the connections for calls of this endpoint. */
  agentFor(url: URL, endpointKey: string): http.Agent;
  /** Closes every connection, including those in use. */
  close(): void;
}

export interface ConnectionPoolOptions {
  /** The most idle connections, over all endpoints. */
  readonly maxInFlight: number;
  readonly connectTimeoutMs: number;
  readonly connectionMaxAgeMs: number;
  readonly egress: Egress;
}

const TLS_SESSIONS_AT_MOST = 1_000;

/**
 * Connections by endpoint, since excess bytes from a receiver would be taken for the answer to the next call: that
 * must never be another customer's.
 */
export function createConnectionPool(options: ConnectionPoolOptions): ConnectionPool {
  const { maxInFlight, connectTimeoutMs, connectionMaxAgeMs, egress } = options;
  const socketOptions = {
    keepAlive: true,
    keepAliveInitialDelay: 1_000,
    noDelay: true,
    // Of several addresses Node gives each but the last 250 ms: too little for a receiver on another
    // continent, and useless if the last is an IPv6 one that can't be reached from here.
    autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(connectTimeoutMs / 4)),
    // Explicit, since NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would otherwise win.
    rejectUnauthorized: true,
  };
  const connect = {
    'http:': egress.through(new http.Agent()),
    'https:': egress.through(new https.Agent()),
  };
  const clock = (): number => performance.now();
  const trust = createReceiverTrust(clock);
  const idle = createIdleConnections(maxInFlight, clock);
  const sessions = new LRUCache<string, Buffer>({ max: TLS_SESSIONS_AT_MOST });
  const endpoints = new Map<string, EndpointConnections>();
  const connections = new Set<Connection>();

  /** Outside any scope that holds a call: the socket's listeners would keep the call as long as the connection lives. */
  const take = (socket: Duplex, key: string, listener: ConnectionListener): Connection => {
    const connection = createConnection(socket, clock(), listener);
    connections.add(connection);
    socket.on('session', (newer: Buffer) => void sessions.set(key, newer));
    socket.once('close', (hadError: boolean) => {
      connections.delete(connection);
      if (hadError) sessions.delete(key);
    });
    return connection;
  };
  const openFor =
    (protocol: 'http:' | 'https:', key: string): OpenConnection =>
    (to, listener, callback) => {
      const session = sessions.get(key);
      const tls = protocol === 'https:' ? { session } : null;
      // No other options of the request: its `path` would be the name of a local socket.
      const { host, port } = to;
      openSocket(connect[protocol], { ...socketOptions, host, port }, tls, (error, socket) => {
        if (socket === null) {
          callback(error, null);
          return;
        }
        callback(null, take(socket, key, listener));
      });
    };
  const connectionsOf = (protocol: 'http:' | 'https:', key: string): EndpointConnections => {
    const known = endpoints.get(key);
    if (known !== undefined) return known;
    const made = createEndpointConnections(key, {
      open: openFor(protocol, key),
      onEmpty: () => endpoints.delete(key),
      maxAgeMs: connectionMaxAgeMs,
      ...{ trust, idle, clock },
    });
    endpoints.set(key, made);
    return made;
  };

  return {
    agentFor(url, endpointKey) {
      const protocol = url.protocol === 'https:' ? 'https:' : 'http:';
      const agent = {
        protocol,
        defaultPort: protocol === 'https:' ? 443 : 80,
        keepAlive: true,
        addRequest(...[request, to]: Parameters<EndpointConnections['serve']>) {
          connectionsOf(protocol, endpointKey).serve(request, to);
        },
      };
      // The only parts of an agent that a request uses.
      return agent as unknown as http.Agent;
    },
    close() {
      egress.close();
      idle.close();
      for (const connection of connections) connection.close();
    },
  };
}
