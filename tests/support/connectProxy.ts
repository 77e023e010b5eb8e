import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { connect, type Socket } from 'node:net';
import { listenLocally } from './listenLocally.ts';

/** One CONNECT as it came. */
interface Asked {
  readonly authority: string;
  readonly host: string | undefined;
  readonly authorization: string | undefined;
}

export interface ConnectProxy {
  readonly url: URL;
  asked(): readonly Asked[];
  close(): Promise<void>;
}

export interface ConnectProxyOptions {
  /** What it says in place of opening the tunnel; undefined to open it, null to hang up. */
  answer?(asked: Asked): string | null | undefined;
  readonly tls?: ServerOptions;
}

/** An HTTP proxy that opens tunnels, and nothing else. */
export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const { tls } = options;
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  server.on('connection', keep);
  server.on('connect', (request, client: Socket) => {
    const { host, 'proxy-authorization': authorization } = request.headers;
    const each = { authority: request.url ?? '', host, authorization };
    asked.push(each);
    client.on('error', () => undefined);
    const answer = options.answer?.(each);
    if (answer !== undefined) {
      if (answer === null) client.destroy();
      else client.write(answer);
      return;
    }
    const target = new URL(`tcp://${each.authority}`);
    const upstream = connect(Number(target.port), target.hostname.replace(/^\[(.*)\]$/, '$1'));
    keep(upstream);
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.once('error', () =>
      client.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'),
    );
    upstream.once('close', () => {
      client.destroy();
    });
    client.once('close', () => upstream.destroy());
  });
  const port = await listenLocally(server);
  return {
    url: new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`),
    asked: () => asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
