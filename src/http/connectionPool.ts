import http from 'node:http';
import https from 'node:https';
import { createConnection, type Connection } from './connection.ts';
import type { Egress } from './egress.ts';
import {
  createEndpointConnections,
  type EndpointConnections,
  type OpenConnection,
} from './endpointConnections.ts';
import { createIdleConnections } from './idleConnections.ts';
import { openSocket } from './openSocket.ts';
import { createReceiverTrust } from './receiverTrust.ts';

export interface ConnectionPool {
  /** What Node asks for a connection when it makes a call of this endpoint. */
  agentFor(url: URL, endpointKey: string): http.Agent;
  /** Closes every connection, those in use too. */
  close(): void;
}

export interface ConnectionPoolOptions {
  /** So many are kept idle at most, over all endpoints. */
  readonly maxInFlight: number;
  readonly connectTimeoutMs: number;
  readonly connectionMaxAgeMs: number;
  readonly egress: Egress;
}

const TLS_SESSIONS_AT_MOST = 1_000;

/**
 * Connections by endpoint, since what a receiver says too much would be taken for the answer of the next call: that
 * must never be another customer's.
 */
export function createConnectionPool(options: ConnectionPoolOptions): ConnectionPool {
  const { maxInFlight, connectTimeoutMs, connectionMaxAgeMs, egress } = options;
  const socketOptions = {
    keepAlive: true,
    keepAliveInitialDelay: 1_000,
    noDelay: true,
    // Of several addresses Node gives each but the last 250 ms: too few for a receiver on another
    // continent, and in vain when the last is an IPv6 one that can't be reached from here.
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
  const sessions = new Map<string, Buffer>();
  const endpoints = new Map<string, EndpointConnections>();
  const connections = new Set<Connection>();

  const openFor =
    (protocol: 'http:' | 'https:', key: string): OpenConnection =>
    (to, listener, callback) => {
      const session = sessions.get(key);
      const tls = protocol === 'https:' ? { session } : null;
      // Of the request's options no more: its `path` would be the name of a local socket.
      const { host, port } = to;
      openSocket(connect[protocol], { ...socketOptions, host, port }, tls, (error, socket) => {
        if (socket === null) {
          callback(error, null);
          return;
        }
        const connection = createConnection(socket, clock(), listener);
        connections.add(connection);
        socket.on('session', (newer: Buffer) => keepNewest(sessions, key, newer));
        socket.once('close', (hadError: boolean) => {
          connections.delete(connection);
          if (hadError) sessions.delete(key);
        });
        callback(null, connection);
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
      // All of an agent that a request looks at.
      return agent as unknown as http.Agent;
    },
    close() {
      egress.close();
      idle.close();
      for (const connection of connections) connection.close();
    },
  };
}

function keepNewest(sessions: Map<string, Buffer>, key: string, session: Buffer): void {
  sessions.delete(key);
  sessions.set(key, session);
  const [oldest] = sessions.keys();
  if (sessions.size > TLS_SESSIONS_AT_MOST && oldest !== undefined) sessions.delete(oldest);
}
