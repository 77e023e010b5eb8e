import type { Buffer } from 'node:buffer';
import { ADDRCONFIG } from 'node:dns';
import http, { type ClientRequestArgs } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { callbackify } from 'node:util';
import { toError } from '../runtime/errors.ts';
import {
  type AddressPolicy,
  createAddressPolicy,
  createResolveHost,
  type LookupAll,
  type ResolveHost,
} from './addresses.ts';
import { BlockedAddress } from './errors.ts';
import { type Connect, createTunnelling } from './proxyTunnel.ts';

export interface EgressOptions {
  /** Ranges of addresses that may be called although they are not public. */
  readonly allowedRanges: readonly string[];
  /** Calls go through this proxy; null for directly. It may have any address. */
  readonly proxy: URL | null;
  /** In place of the system's resolver. */
  readonly lookup?: LookupAll;
  /** Replaces this egress's own lookups. */
  readonly resolveHost?: ResolveHost;
}

/** Decides which connections are allowed. */
export interface Egress {
  /** Connects as the agent does, but only to addresses that may be called. */
  through(agent: http.Agent | https.Agent): Connect;
  /** Ends connections that are being opened through a proxy. */
  close(): void;
}

/**
 * Checks connections, not calls: a name, a number in any spelling that a URL can hold, or a name that resolves to
 * something else by now, is checked at the moment of connecting.
 *
 * @param limits.connectTimeoutMs for connections through a proxy; callers limit the others themselves
 * @param limits.connectionMaxAgeMs also limits the age of a name's remembered addresses
 */
export function createEgress(
  options: EgressOptions,
  limits: Readonly<{ connectTimeoutMs: number; connectionMaxAgeMs: number }>,
): Egress {
  const { allowedRanges, proxy } = options;
  const { connectTimeoutMs } = limits;
  const mayBeCalled = createAddressPolicy(allowedRanges);
  const resolveHost = options.resolveHost ?? createHostResolver(options, limits);
  const tunnelling =
    proxy === null ? null : createTunnelling(proxy, { resolveHost, connectTimeoutMs });
  return {
    through(agent) {
      const holder = agent as unknown as { createConnection: Connect };
      const connect = holder.createConnection.bind(agent);
      return tunnelling === null
        ? directly(connect, { resolveHost, mayBeCalled })
        : tunnelling.through(agent instanceof https.Agent ? connect : null);
    },
    close() {
      tunnelling?.close();
    },
  };
}

/**
 * How names are looked up and checked. One resolver serves all calls of a process, because its limits are per process.
 */
export function createHostResolver(
  { allowedRanges, proxy, lookup }: EgressOptions,
  { connectionMaxAgeMs }: Readonly<{ connectionMaxAgeMs: number }>,
): ResolveHost {
  return createResolveHost(createAddressPolicy(allowedRanges), {
    ...(lookup === undefined ? {} : { lookup }),
    // The proxy may reach addresses that this machine can't.
    hints: proxy === null ? ADDRCONFIG : 0,
    rememberedForMs: connectionMaxAgeMs,
  });
}

function directly(
  connect: Connect,
  { resolveHost, mayBeCalled }: { resolveHost: ResolveHost; mayBeCalled: AddressPolicy },
): Connect {
  const lookup = toLookup(resolveHost);
  return (options, callback) => {
    const host = options.host ?? '';
    // Node calls no look-up function for an address.
    if (isIP(host) === 0 || mayBeCalled(host)) return connect({ ...options, lookup }, callback);
    process.nextTick(callback, new BlockedAddress(host));
    return null;
  };
}

/** As Node wants it: all addresses, since it tries one after the other, or only one. */
function toLookup(resolveHost: ResolveHost): LookupFunction {
  const resolve = callbackify(resolveHost);
  return (host, { all }, callback) => {
    resolve(host, (error, addresses) => {
      const [first] = error === null ? addresses : [];
      if (error === null && all === true) callback(null, [...addresses]);
      else callback(error, first?.address ?? '', first?.family);
    });
  };
}

/**
 * Calls back once: with an error, or with a socket, which is connected if it goes through a proxy, and otherwise still
 * connecting.
 *
 * @param tls null for none
 */
export function openSocket(
  connect: Connect,
  to: ClientRequestArgs,
  tls: { readonly session?: Buffer | undefined } | null,
  callback: (...result: [error: Error, socket: null] | [error: null, socket: Duplex]) => void,
): void {
  let isOver = false;
  const opened = (socket: Duplex): void => {
    if (isOver) return;
    isOver = true;
    callback(null, socket);
  };
  const failed = (error: Error): void => {
    if (isOver) return;
    isOver = true;
    callback(error, null);
  };
  const secured = tls === null ? to : { ...to, ...tls, servername: serverNameOf(to.host ?? '') };
  try {
    // Without a proxy Node calls back, if at all, without a socket once connected.
    const socket = connect(secured, (error, ready) => {
      if (Error.isError(error)) failed(error);
      else if (ready !== undefined) opened(ready);
    });
    if (socket !== null && socket !== undefined) opened(socket);
  } catch (thrown) {
    failed(toError(thrown));
  }
}

/** TLS's server name: no address, and no trailing dot (RFC 6066, section 3). */
function serverNameOf(host: string): string {
  return isIP(host) === 0 ? host.replace(/\.$/, '') : '';
}
