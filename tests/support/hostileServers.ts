import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Authority } from './certificates.ts';
import { hostiles } from './hostile.ts';
import { failed, refused, type Expected } from './hostileTalk.ts';
import { listenLocally } from './listenLocally.ts';

export interface HostileServers {
  /** What there is, with a URL that leads to it. */
  readonly all: readonly {
    readonly what: string;
    readonly url: string;
    readonly expected: Expected;
  }[];
  readonly ports: readonly number[];
  close(): Promise<void>;
}

/**
 * All of `hostiles`, and servers whose TLS can't be trusted. Each has a port of its own, and after its answer
 * none of these reads on.
 */
export async function startHostileServers(authority: Authority): Promise<HostileServers> {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const watch = (server: Server): void => {
    servers.push(server);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    });
  };
  const plain = await Promise.all(
    hostiles.map(async ({ what, expected, answer }) => {
      const server = createServer((socket) => onRequest(socket, answer));
      watch(server);
      return { what, expected, url: `http://127.0.0.1:${await listenLocally(server)}/` };
    }),
  );
  return {
    all: [...plain, ...(await startTlsServers(authority, watch))],
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    async close() {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) {
        server.close();
        await once(server, 'close');
      }
    },
  };
}

/** Once the request, and no other, has been read. */
function onRequest(socket: Socket, answer: (socket: Socket) => void): void {
  let read = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    read = Buffer.concat([read, chunk]);
    const end = read.indexOf('\r\n\r\n');
    const text = read.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
    if (end === -1 || read.length < end + 4 + length) return;
    socket.off('data', take);
    socket.resume();
    answer(socket);
  };
  socket.on('data', take);
}

async function startTlsServers(
  authority: Authority,
  watch: (server: Server) => void,
): Promise<HostileServers['all']> {
  const ip = 'IP:127.0.0.1';
  const good = await authority.issue(ip);
  const start = async (
    what: string,
    server: Server,
    expected = failed('tls_error'),
  ): Promise<HostileServers['all'][number]> => {
    watch(server);
    server.on('tlsClientError', () => undefined);
    return { what, url: `https://127.0.0.1:${await listenLocally(server)}/`, expected };
  };
  const respond = (_request: unknown, response: { end(text: string): unknown }): void => {
    response.end('ok');
  };
  return [
    await start(
      'a certificate that has expired',
      createTlsServer(await authority.issue(ip, { days: -1 }), respond),
    ),
    await start(
      'a certificate signed by itself',
      createTlsServer(await authority.issue(ip, { isSelfSigned: true }), respond),
    ),
    await start(
      'a certificate of another host',
      createTlsServer(await authority.issue('DNS:x.example'), respond),
    ),
    await start(
      'TLS of old',
      createTlsServer(
        { ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
        respond,
      ),
    ),
    await start('HTTP/2 alone', createSecureServer({ ...good, allowHTTP1: false }), refused(403)),
  ];
}
