import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { AttemptError } from '../domain/attempt.ts';
import { toError } from '../runtime/errors.ts';
import { attemptErrorOf } from './attemptError.ts';
import type { Connect } from './connect.ts';
import { createEgress, type EgressOptions } from './egress.ts';
import { openSocket } from './openSocket.ts';

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
  const egress = createEgress(options.egress, { connectTimeoutMs, connectionMaxAgeMs: 0 });
  const isTls = url.protocol === 'https:';
  const agent = isTls ? new https.Agent({ rejectUnauthorized: true }) : new http.Agent();
  try {
    const socket = await connect(egress.through(agent), url, {
      connectTimeoutMs,
      isProxied: options.egress.proxy !== null,
    });
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

async function connect(
  through: Connect,
  url: URL,
  {
    connectTimeoutMs,
    isProxied,
  }: { readonly connectTimeoutMs: number; readonly isProxied: boolean },
): Promise<Duplex> {
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port === '' ? (isTls ? 443 : 80) : url.port);
  return await new Promise<Duplex>((resolve, reject) => {
    let opened: Duplex | null = null;
    let isOver = false;
    const fail = (error: Error): void => {
      isOver = true;
      clearTimeout(timer);
      opened?.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(connectTimeout(connectTimeoutMs)), connectTimeoutMs);
    openSocket(through, { host, port }, isTls ? {} : null, (error, socket) => {
      if (socket === null) {
        fail(error);
        return;
      }
      opened = socket;
      const done = (): void => {
        clearTimeout(timer);
        resolve(socket);
      };
      // Through a proxy it is connected, and for https with its TLS.
      if (isOver) socket.destroy();
      else if (isProxied) done();
      else socket.once('error', fail).once(isTls ? 'secureConnect' : 'connect', done);
    });
  });
}

/** With the code that got gives it. */
function connectTimeout(timeoutMs: number): Error {
  const error = new Error(`no connection within ${timeoutMs} ms`);
  return Object.assign(error, { code: 'ERR_SOCKET_CONNECTION_TIMEOUT' });
}
