import http, { type ClientRequestArgs } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { AttemptError } from '../domain/attempt.ts';
import { toError } from '../runtime/errors.ts';
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
  const options = {
    host,
    port,
    ...(isTls && isIP(host) === 0 && { servername: host }),
  } as ClientRequestArgs;
  const { createConnection } = agent as unknown as { createConnection: Connect };
  return await new Promise<Duplex>((resolve, reject) => {
    let opened: Duplex | null | undefined = null;
    const timer = setTimeout(() => {
      opened?.destroy();
      reject(
        Object.assign(new Error(`no connection within ${timeoutMs} ms`), {
          code: 'ERR_SOCKET_CONNECTION_TIMEOUT',
        }),
      );
    }, timeoutMs);
    const watch = (socket: Duplex): void => {
      opened = socket;
      const done = (): void => {
        clearTimeout(timer);
        resolve(socket);
      };
      socket.once(isTls ? 'secureConnect' : 'connect', done);
      socket.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
    };
    const socket = createConnection.call(agent, options, (error, late) => {
      if (error !== null) {
        clearTimeout(timer);
        reject(error);
      } else if (late !== undefined && opened === null) watch(late);
    });
    if (socket !== null && socket !== undefined) watch(socket);
  });
}
