import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { probeListener } from '../../../src/kafka/listenerProbe.ts';
import { createAuthority, type Authority } from '../../support/certificates.ts';
import { listenLocally } from '../../support/listenLocally.ts';

const LIMIT_MS = 500;

/** As a broker answers SaslHandshake: with an error, and what it offers instead. */
function answerTo(request: Buffer, mechanisms: readonly string[]): Buffer {
  const names = mechanisms.map((name) => {
    const length = Buffer.alloc(2);
    length.writeInt16BE(name.length);
    return Buffer.concat([length, Buffer.from(name)]);
  });
  const head = Buffer.alloc(14);
  request.copy(head, 4, 8, 12);
  head.writeInt16BE(mechanisms.length === 0 ? 34 : 33, 8);
  head.writeInt32BE(mechanisms.length, 10);
  const answer = Buffer.concat([head, ...names]);
  answer.writeInt32BE(answer.length - 4);
  return answer;
}

const answering =
  (mechanisms: readonly string[]) =>
  (socket: Socket): void => {
    socket.on('error', () => undefined);
    socket.on('data', (request: Buffer) => {
      // In two parts.
      const answer = answerTo(request, mechanisms);
      socket.write(answer.subarray(0, 7));
      setTimeout(() => socket.write(answer.subarray(7)), 10);
    });
  };

describe('a listener of a broker', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  let authority: Authority;
  let tls: { cert: Buffer; key: Buffer; ca: Buffer };

  beforeAll(async () => {
    authority = await createAuthority();
    const { cert, key } = await authority.issue('DNS:elsewhere');
    tls = { cert, key, ca: cert };
  });
  afterAll(async () => await authority.close());
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  async function probe(server: Server): Promise<unknown> {
    servers.push(server);
    server.on('connection', (socket: Socket) => sockets.push(socket));
    return await probeListener(`127.0.0.1:${await listenLocally(server)}`, LIMIT_MS);
  }

  it.each([[['PLAIN', 'SCRAM-SHA-512']], [[]]])(
    'is known in the clear, with %j',
    async (offered) => {
      const listener = await probe(createServer(answering(offered)));
      expect(listener).toEqual({ tls: false, mechanisms: offered });
    },
  );

  it('is known by TLS, whatever its certificate', async () => {
    const listener = await probe(createTlsServer(tls, answering(['PLAIN'])));
    expect(listener).toEqual({ tls: true, mechanisms: ['PLAIN'] });
  });

  it('is known by TLS when it wants a certificate', async () => {
    const strict = { ...tls, requestCert: true, rejectUnauthorized: true };
    expect(await probe(createTlsServer(strict, answering([])))).toEqual({
      tls: true,
      mechanisms: null,
    });
    const older = createTlsServer({ ...strict, maxVersion: 'TLSv1.2' }, answering([]));
    expect(await probe(older)).toEqual({ tls: true, mechanisms: null });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['ends each connection', (socket) => socket.destroy()],
    ['says nothing', (socket) => socket.on('error', () => undefined)],
    ['speaks HTTP', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'answers with nonsense',
      (socket) => socket.on('data', () => socket.write(Buffer.alloc(20, 0xff))),
    ],
    [
      'names no end of mechanisms',
      (socket) =>
        socket.on('data', (request: Buffer) => {
          const answer = answerTo(request, ['PLAIN']);
          answer.writeInt32BE(0x7fffffff, 10);
          answer.writeInt16BE(-2, 14);
          socket.write(answer);
        }),
    ],
  ])('is not what %s', async (_, serve) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      serve(socket);
    });
    expect(await probe(server)).toBeNull();
  });

  it('is not where nobody listens', async () => {
    const server = createServer();
    const port = await listenLocally(server);
    server.close();
    expect(await probeListener(`127.0.0.1:${port}`, LIMIT_MS)).toBeNull();
    expect(await probeListener('no-such-host.invalid:9092', LIMIT_MS)).toBeNull();
  });

  it('may have an IPv6 address', async () => {
    const server = createServer(answering([]));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
    const { port } = server.address() as { port: number };
    expect(await probeListener(`[::1]:${port}`, LIMIT_MS)).toEqual({ tls: false, mechanisms: [] });
  });
});
