import { once } from 'node:events';
import type { ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { onAbort, orAbort } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import type { Connect } from './connect.ts';
import { ConnectTimeout, ProxyFault } from './egressErrors.ts';
import { createOpenTunnel } from './proxyTunnel.ts';
import type { ResolveHost } from './resolveHost.ts';

/** Connections of agents that go through a proxy. */
export interface Tunnelling {
  /** @param startTls puts TLS on a tunnel, as the agent would; null for an agent that speaks plain HTTP */
  through(startTls: Connect | null): Connect;
  /** Ends those that are being opened. */
  close(): void;
}

/** Of a name's addresses so many are tried. */
const ADDRESSES_AT_MOST = 4;
/** Of the whole time, for each address but the last. */
const SHARE = 1 / 4;

/**
 * The proxy is asked for an address, not for the name: it would resolve that anew. Of several addresses the next
 * is tried when the proxy can't reach one, or says nothing for a while. A connection that its call does not
 * want any more is opened all the same, for as long as connecting may take.
 */
export function createTunnelling(
  proxy: URL,
  options: { readonly resolveHost: ResolveHost; readonly connectTimeoutMs: number },
): Tunnelling {
  const { resolveHost, connectTimeoutMs } = options;
  const openTunnel = createOpenTunnel(proxy);
  const closing = new AbortController();

  const openToOne = async (host: string, port: number, signal: AbortSignal): Promise<Duplex> => {
    const addresses = (await orAbort(resolveHost(host), signal)).slice(0, ADDRESSES_AT_MOST);
    const last = addresses.at(-1);
    for (const { address } of addresses.slice(0, -1)) {
      try {
        return await within(
          SHARE * connectTimeoutMs,
          signal,
          async (share) => await openTunnel({ address, port }, share),
        );
      } catch (error) {
        signal.throwIfAborted();
        if (!mayTryNext(error)) throw error;
      }
    }
    return await openTunnel({ address: last?.address ?? host, port }, signal);
  };
  const open = async (startTls: Connect | null, to: ClientRequestArgs): Promise<Duplex> =>
    await within(connectTimeoutMs, closing.signal, async (signal) => {
      const tunnel = await openToOne(to.host ?? '', Number(to.port), signal);
      const over = { ...to, socket: tunnel };
      return startTls === null ? tunnel : await secured(startTls, over, signal);
    });
  const connect = async (
    startTls: Connect | null,
    ...[to, callback]: Parameters<Connect>
  ): Promise<void> => {
    let socket: Duplex;
    try {
      socket = await open(startTls, to);
    } catch (error) {
      callback(toError(error));
      return;
    }
    callback(null, socket);
  };
  return {
    through: (startTls) => (to, callback) => {
      void connect(startTls, to, callback);
      return null;
    },
    close: () => closing.abort(),
  };
}

/** It did not get through to this address; another one may be reachable. */
function mayTryNext(error: unknown): boolean {
  if (error instanceof ConnectTimeout) return true;
  return error instanceof ProxyFault && error.statusCode !== null && error.statusCode >= 500;
}

/** Rejects with `ConnectTimeout` when the time is up, and with the outer signal's reason when that is aborted. */
async function within<Result>(
  ms: number,
  outer: AbortSignal,
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  outer.throwIfAborted();
  const inner = new AbortController();
  const forget = onAbort(outer, (reason) => inner.abort(reason));
  // After a pause of the process timers come first: what has arrived meanwhile is read before the immediate.
  const timer = setTimeout(() => {
    setImmediate(() => inner.abort(new ConnectTimeout()));
  }, ms);
  try {
    return await task(inner.signal);
  } catch (error) {
    inner.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    forget();
  }
}

async function secured(
  startTls: Connect,
  over: ClientRequestArgs & { readonly socket: Duplex },
  signal: AbortSignal,
): Promise<Duplex> {
  let socket: Duplex | null | undefined;
  try {
    socket = startTls(over, () => undefined);
    if (socket === null || socket === undefined) throw new Error('TLS gave no socket');
    await once(socket, 'secureConnect', { signal });
    return socket;
  } catch (error) {
    socket?.destroy();
    over.socket.destroy();
    throw error;
  }
}
