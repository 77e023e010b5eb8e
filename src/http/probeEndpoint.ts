import http, { type ClientRequestArgs } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { AttemptError } from '../domain/attempt.ts';
import { isError, toError } from '../runtime/errors.ts';
import { attemptErrorOf } from './attemptError.ts';
import type { Connect } from './connect.ts';
import { createEgress, type EgressOptions } from './egress.ts';

/** How far a connection to an endpoint got: as a call's would, but nothing is sent. */
export type EndpointProbe =
  | Readonly<{
      ok: true;
      /** The TLS version in use; null without TLS. */
      tls: string | null;
    }>
  | Readonly<{ ok: false; error: AttemptError; detail: string }>;

/** Resolves, checks the address, connects, and for https shakes hands; then closes. Never rejects. */
export async function probeEndpoint(
  url: URL,
  options: { readonly egress: EgressOptions; readonly connectTimeoutMs: number },
): Promise<EndpointProbe> {
  const { connectTimeoutMs } = options;
  const egress = createEgress(options.egress, connectTimeoutMs);
  const isTls = url.protocol === 'https:';
  const agent = isTls ? new https.Agent({ rejectUnauthorized: true }) : new http.Agent();
  egress.guard(agent);
  try {
    const socket = await connect(agent, url, connectTimeoutMs);
    const tls = socket instanceof TLSSocket ? socket.getProtocol() : null;
    socket.destroy();
    return { ok: true, tls };
  } catch (thrown) {
    const error = attemptErrorOf(thrown, { responseBegan: false });
    return { ok: false, error, detail: toError(thrown).message };
  } finally {
    egress.close();
    agent.destroy();
  }
}

async function connect(agent: http.Agent, url: URL, timeoutMs: number): Promise<Duplex> {
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port === '' ? (isTls ? 443 : 80) : url.port);
  const servername = isTls && isIP(host) === 0 ? { servername: host } : {};
  const options: ClientRequestArgs & { servername?: string } = { host, port, ...servername };
  const { createConnection } = agent as unknown as { createConnection: Connect };
  return await new Promise<Duplex>((resolve, reject) => {
    let opened: Duplex | null | undefined = null;
    const timer = setTimeout(() => {
      opened?.destroy();
      reject(connectTimeout(timeoutMs));
    }, timeoutMs);
    const done = (socket: Duplex): void => {
      clearTimeout(timer);
      resolve(socket);
    };
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    opened = createConnection.call(agent, options, (error, ready) => {
      if (isError(error)) fail(error);
      // Through a proxy: connected, and for https with its TLS. Without one Node calls this with nothing at all.
      else if (ready !== undefined) done(ready);
    });
    const direct = opened;
    direct?.once('error', fail).once(isTls ? 'secureConnect' : 'connect', () => done(direct));
  });
}

/** With the code that got gives it. */
function connectTimeout(timeoutMs: number): Error {
  const error = new Error(`no connection within ${timeoutMs} ms`);
  return Object.assign(error, { code: 'ERR_SOCKET_CONNECTION_TIMEOUT' });
}
