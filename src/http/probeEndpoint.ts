import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { AttemptError } from '../domain/attempt.ts';
import { toError } from '../runtime/errors.ts';
import { attemptErrorOf, ConnectTimeout } from './errors.ts';
import type { Connect } from './proxyTunnel.ts';
import { createEgress, type EgressOptions, openSocket } from './egress.ts';

/** How far a connection to an endpoint got: like that of a call, but nothing is sent. */
export type EndpointProbe =
  | Readonly<{
      ok: true;
      /** The TLS version in use; null without TLS. */
      tls: string | null;
    }>
  | Readonly<{
      ok: false;
      error: AttemptError;
      detail: string;
      /** The receiver sent a TLS alert; otherwise this side found the error. */
      isTlsAlert: boolean;
    }>;

/**
 * Resolves, checks the address, connects, and for https completes the handshake; then waits a moment, and closes. A
 * receiver may still refuse after that: in TLS 1.3 this side completes the handshake before the receiver has looked for
 * a client certificate. Never rejects.
 */
export async function probeEndpoint(
  url: URL,
  options: { readonly egress: EgressOptions; readonly connectTimeoutMs: number },
): Promise<EndpointProbe> {
  const { connectTimeoutMs } = options;
  const egress = createEgress(options.egress, { connectTimeoutMs, connectionMaxAgeMs: 0 });
  const isTls = url.protocol === 'https:';
  const agent = isTls ? new https.Agent({ rejectUnauthorized: true }) : new http.Agent();
  try {
    const tls = await connect(egress.through(agent), url, {
      connectTimeoutMs,
      isProxied: options.egress.proxy !== null,
    });
    return { ok: true, tls };
  } catch (thrown) {
    const error = attemptErrorOf(thrown, { responseBegan: false });
    return { ok: false, error, ...wordsOf(thrown) };
  } finally {
    egress.close();
    agent.destroy();
  }
}

/** OpenSSL's message contains its own file and line; its reason does not. */
function wordsOf(thrown: unknown): Pick<EndpointProbe & { ok: false }, 'detail' | 'isTlsAlert'> {
  const error: Error & { readonly code?: unknown; readonly reason?: unknown } = toError(thrown);
  const { code, reason, message } = error;
  return {
    detail: typeof reason === 'string' && reason !== '' ? reason : message,
    isTlsAlert: typeof code === 'string' && /^ERR_SSL_.*_ALERT_/.test(code),
  };
}

/** Resolves with the TLS version, null without TLS, once it has been closed again. */
async function connect(
  through: Connect,
  url: URL,
  {
    connectTimeoutMs,
    isProxied,
  }: { readonly connectTimeoutMs: number; readonly isProxied: boolean },
): Promise<string | null> {
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port === '' ? (isTls ? 443 : 80) : url.port);
  const begunMs = performance.now();
  return await new Promise<string | null>((resolve, reject) => {
    let opened: Duplex | null = null;
    let isOver = false;
    const fail = (error: Error): void => {
      isOver = true;
      clearTimeout(timer);
      opened?.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new ConnectTimeout(`no connection within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    openSocket(through, { host, port }, isTls ? {} : null, (error, socket) => {
      if (socket === null) {
        fail(error);
        return;
      }
      opened = socket;
      const done = (): void => {
        clearTimeout(timer);
        socket.off('error', fail);
        const tls = socket instanceof TLSSocket ? socket.getProtocol() : null;
        listenOn(socket, performance.now() - begunMs, (refusal) => {
          socket.destroy();
          if (refusal === null) resolve(tls);
          else reject(refusal);
        });
      };
      // Through a proxy it is connected, and for https with its TLS.
      if (isOver) socket.destroy();
      else if (isProxied) done();
      else socket.once('error', fail).once(isTls ? 'secureConnect' : 'connect', done);
    });
  });
}

/** A refusal takes a round trip, and the time in which the receiver checks for a certificate. */
const REFUSAL_MS = 500;

/** Calls back after a moment, or earlier with the receiver's refusal; the longer connecting took, the longer the wait. */
function listenOn(
  socket: Duplex,
  connectingMs: number,
  callback: (refusal: Error | null) => void,
): void {
  let isOver = false;
  const end = (refusal: Error | null): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    callback(refusal);
  };
  const timer = setTimeout(() => end(null), Math.max(REFUSAL_MS, connectingMs));
  const closed = (): void => end(closedAtOnce());
  socket.on('error', end).once('end', closed).once('close', closed);
  // Unrequested data does not matter, but its end is only noticed by reading.
  socket.resume();
}

/** With the code of a call that gets no answer because of that. */
function closedAtOnce(): Error {
  const error = new Error('it closes the connection before it is sent anything');
  return Object.assign(error, { code: 'ECONNRESET' });
}
