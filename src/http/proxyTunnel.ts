import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type Socket } from 'node:net';
import { basicAuthorization } from './basicAuthorization.ts';
import { ProxyFault } from './egressErrors.ts';

/** Opens a connection through the proxy to an address and port. Rejects with `ProxyFault`, or on the signal. */
export type OpenTunnel = (
  to: { readonly address: string; readonly port: number },
  signal: AbortSignal,
) => Promise<Socket>;

/**
 * By CONNECT (RFC 9110, section 9.3.6), for http and https receivers alike, so that the proxy sees of an https
 * call no more than the address. Whatever goes wrong up to the proxy's 2xx is the proxy's fault: it is not
 * for the proxy to answer for the receiver, as agents that are made for this let it do.
 *
 * @param proxy `http:` or `https:`; its user name and password are sent as Basic authentication
 */
export function createOpenTunnel(proxy: URL): OpenTunnel {
  const { request } = proxy.protocol === 'https:' ? https : http;
  const authorization = basicAuthorization(proxy);
  const host = proxy.hostname.replace(/^\[(.*)\]$/, '$1');
  return async ({ address, port }, signal) => {
    const authority = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    const connecting = request({
      protocol: proxy.protocol,
      hostname: host,
      // Said, since Node would take it from the Host header, which is the receiver's.
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
