import { ADDRCONFIG, type LookupAddress } from 'node:dns';
import type http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { toError } from '../runtime/errors.ts';
import { createAddressPolicy, type AddressPolicy } from './addressPolicy.ts';
import type { Connect } from './connect.ts';
import { BlockedAddress } from './egressErrors.ts';
import { createResolveHost, type LookupAll, type ResolveHost } from './resolveHost.ts';
import { createTunnelling } from './tunnelling.ts';

export interface EgressOptions {
  /** Ranges of addresses that may be called although they are not public. */
  readonly allowedRanges: readonly string[];
  /** Calls go through this proxy; null for directly. It may have any address. */
  readonly proxy: URL | null;
  /** In place of the system's resolver. */
  readonly lookup?: LookupAll;
}

/** Decides which connections there are. */
export interface Egress {
  /** Connects as the agent does, but to addresses that may be called, and to no others. */
  through(agent: http.Agent | https.Agent): Connect;
  /** Ends connections that are being opened through a proxy. */
  close(): void;
}

/**
 * Guards connections, not calls: whatever leads to one, a name, a number in any spelling that a URL can hold, or a
 * name that resolves to something else by now, is checked at the moment it is connected to.
 *
 * @param limits.connectTimeoutMs for what goes through a proxy; the rest is watched over by whoever makes the call
 * @param limits.connectionMaxAgeMs of that age, too, are the addresses of a name at most while a look-up takes long
 */
export function createEgress(
  { allowedRanges, proxy, lookup }: EgressOptions,
  limits: Readonly<{ connectTimeoutMs: number; connectionMaxAgeMs: number }>,
): Egress {
  const { connectTimeoutMs, connectionMaxAgeMs } = limits;
  const mayBeCalled = createAddressPolicy(allowedRanges);
  const resolveHost = createResolveHost(mayBeCalled, {
    ...(lookup === undefined ? {} : { lookup }),
    // What this machine can't reach its proxy may.
    hints: proxy === null ? ADDRCONFIG : 0,
    rememberedForMs: connectionMaxAgeMs,
  });
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

function directly(
  connect: Connect,
  { resolveHost, mayBeCalled }: { resolveHost: ResolveHost; mayBeCalled: AddressPolicy },
): Connect {
  const lookup = toLookup(resolveHost);
  return (options, callback) => {
    const host = options.host ?? '';
    // Node asks no look-up function about an address.
    if (isIP(host) === 0 || mayBeCalled(host)) return connect({ ...options, lookup }, callback);
    process.nextTick(callback, new BlockedAddress(host));
    return null;
  };
}

/** As Node wants it: all addresses, since it tries one after the other, or only one. */
function toLookup(resolveHost: ResolveHost): LookupFunction {
  const answer = async (
    ...[host, { all }, callback]: Parameters<LookupFunction>
  ): Promise<void> => {
    let addresses: readonly LookupAddress[];
    try {
      addresses = await resolveHost(host);
    } catch (error) {
      callback(toError(error), '');
      return;
    }
    const [first] = addresses;
    if (all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
  return (host, options, callback) => void answer(host, options, callback);
}
