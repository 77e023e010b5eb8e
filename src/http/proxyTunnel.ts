import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import http, { type ClientRequestArgs, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { callbackify } from 'node:util';
import { onAbort, orAbort } from '../runtime/abort.ts';
import type { ResolveHost } from './addresses.ts';
import { ConnectTimeout, ProxyFault } from './errors.ts';
import { basicAuthorization } from './headers.ts';

/** How an agent gets its connections. Null if the callback is called later. */
export type Connect = (
  options: ClientRequestArgs,
  callback: (error: Error | null, socket?: Duplex) => void,
) => Duplex | null | undefined;

/** How many of a name's addresses are tried. */
const ADDRESSES_AT_MOST = 4;
/** The part of the whole time for each address but the last. */
const SHARE = 1 / 4;

/**
 * The proxy gets an address, not the name, which it would resolve again. Of several addresses the next is tried if the
 * proxy can't reach one, or does not answer for a while. If a call is cancelled meanwhile, its connection is still opened,
 * within the time that connecting may take.
 */
export function createTunnelling(
  proxy: URL,
  {
    resolveHost,
    connectTimeoutMs,
  }: { readonly resolveHost: ResolveHost; readonly connectTimeoutMs: number },
) {
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
  const openThen = callbackify(open);
  return {
    /** @param startTls puts TLS on a tunnel, as the agent would; null for an agent that speaks plain HTTP */
    through:
      (startTls: Connect | null): Connect =>
      (to, callback) => {
        openThen(startTls, to, callback);
        return null;
      },
    /** Ends connections that are being opened. */
    close: () => closing.abort(),
  };
}

/** The proxy did not reach this address; another one may be reachable. */
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
  // After a pause of the process timers run first: what has arrived meanwhile is read before the immediate.
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

/**
 * By CONNECT (RFC 9110, section 9.3.6), for http and https receivers alike, so that the proxy sees only the address of
 * an https call. Every error up to the proxy's 2xx is a fault of the proxy: it must not answer for the receiver, as
 * proxy agents let it do. Rejects with `ProxyFault`, or on the signal.
 *
 * @param proxy `http:` or `https:`; its user name and password are sent as Basic authentication
 */
function createOpenTunnel(proxy: URL) {
  const { request } = proxy.protocol === 'https:' ? https : http;
  const authorization = basicAuthorization(proxy);
  const host = proxy.hostname.replace(/^\[(.*)\]$/, '$1');
  return async (
    { address, port }: { readonly address: string; readonly port: number },
    signal: AbortSignal,
  ): Promise<Socket> => {
    const authority = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    const connecting = request({
      protocol: proxy.protocol,
      hostname: host,
      // Explicit, since Node would take it from the Host header, which is the receiver's.
      servername: isIP(host) === 0 ? host : '',
      port: proxy.port,
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(authorization !== null && { 'proxy-authorization': authorization }),
      },
      agent: false,
      rejectUnauthorized: true,
      signal,
    });
    connecting.end();
    try {
      const [response, socket, head] = (await once(connecting, 'connect')) as Connected;
      const { statusCode = 0 } = response;
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        throw new ProxyFault(`the proxy answered ${statusCode}`, { statusCode });
      }
      if (head.length > 0) socket.unshift(head);
      return socket;
    } catch (thrown) {
      signal.throwIfAborted();
      throw thrown instanceof ProxyFault
        ? thrown
        : new ProxyFault('the proxy could not be used', { cause: thrown });
    }
  };
}

type Connected = [response: IncomingMessage, socket: Socket, head: Buffer];
