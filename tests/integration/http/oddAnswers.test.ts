import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { AttemptError } from '../../../src/domain/attempt.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startConnectProxy } from '../../support/connectProxy.ts';
import { listenLocally } from '../../support/listenLocally.ts';
import { until } from '../../support/until.ts';
import { closing, createCaller, startRawServer, type Caller } from './calling.ts';

const answered = (
  statusCode: number,
  text: string | null,
  error: AttemptError | null = 'response_invalid',
): object => ({
  kind: 'answered',
  statusCode,
  response: text === null ? null : { text, encoding: 'utf8', truncated: false },
  error,
});

const ok = 'HTTP/1.1 200 OK\r\n';

/** What a strict parser refuses, and what is still to be read of it. The connection stays open. */
const odd: readonly (readonly [what: string, answer: string | Buffer, text: string | null])[] = [
  ['bare line feeds', 'HTTP/1.1 200 OK\n\n', null],
  ['bare line feeds and a body', 'HTTP/1.1 200 OK\nx: y\n\nok', 'ok'],
  ['bare line feeds and a length', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok and more', 'ok'],
  ['a bare line feed at the end of its head', `${ok}content-length: 2\r\n\nok`, 'ok'],
  ['two equal lengths', `${ok}content-length: 2\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['two lengths', `${ok}content-length: 3\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['two lengths in one', `${ok}content-length: 2, 2\r\n\r\nok`, 'ok'],
  ['a negative length', `${ok}content-length: -2\r\n\r\nok`, 'ok'],
  ['an empty length', `${ok}content-length: \r\n\r\nok`, 'ok'],
  ['a length that is no number', `${ok}content-length: two\r\n\r\nok`, 'ok'],
  ['a length with a sign', `${ok}content-length: +2\r\n\r\nok`, 'ok'],
  ['a length with a fraction', `${ok}content-length: 2.0\r\n\r\nok`, 'ok'],
  ['a length beyond all numbers', `${ok}content-length: ${'9'.repeat(40)}\r\n\r\nok`, 'ok'],
  ['a head of 20 KB', `${ok}x: ${'y'.repeat(20_000)}\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  [
    'a head of many lines',
    `${ok}${'x: abcdef\r\n'.repeat(4_000)}content-length: 2\r\n\r\nok`,
    'ok',
  ],
  ['a folded header', `${ok}x: y\r\n  z\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['a header folded by a tab', `${ok}x: y\r\n\tz\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['a fold that comes first', `${ok} x: y\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['a blank before the colon', `${ok}x : y\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['a blank before the colon of its length', `${ok}content-length : 2\r\n\r\nok`, 'ok'],
  ['a header without a colon', `${ok}x y z\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['a header without a name', `${ok}: y\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['NUL in a header', `${ok}x: a\0b\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['NUL in a name', `${ok}x\0: b\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['a name that is not ASCII', `${ok}ünï: b\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['a bare carriage return', `${ok}x: a\rb\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  [
    'a length and chunks',
    `${ok}content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    'ok',
  ],
  [
    'chunks with bare line feeds',
    'HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n1\no\n1;x=y\nk\n0\n\n',
    'ok',
  ],
  [
    'no chunk where one should be',
    `HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nokXX\n`,
    'ok',
  ],
  ['a version that there is not', 'HTTP/1.7 200 OK\r\ncontent-length: 2\r\n\r\nok', 'ok'],
  ['a version of later', 'HTTP/2 200\r\ncontent-length: 2\r\n\r\nok', 'ok'],
  ['a status line with two blanks', 'HTTP/1.1  200 OK\r\ncontent-length: 2\r\n\r\nok', 'ok'],
  ['an odd one after an interim one', `HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\n\nok`, 'ok'],
  ['an odd interim one', `HTTP/1.1 100 Continue\n\n${ok}content-length: 2\r\n\r\nok`, 'ok'],
  [
    'a gzip body',
    Buffer.concat([Buffer.from('HTTP/1.1 200 OK\ncontent-encoding: gzip\n\n'), gzipSync('hello')]),
    'hello',
  ],
];

describe.each([['directly'], ['through a proxy']])('an answer that is odd, %s,', (way) => {
  const opened = closing();

  const caller = async (changes: object = {}): Promise<Caller> => {
    const proxy = way === 'directly' ? null : opened(await startConnectProxy()).url;
    const egress = { allowedRanges: ['127.0.0.0/8'], proxy };
    return opened(createCaller({ egress, ...changes }));
  };

  it.each(odd)(
    'by %s counts as what its status line says, and ends its connection',
    async (_, answer, text) => {
      const server = opened(await startRawServer((socket) => socket.write(answer)));
      const { call } = await caller();
      expect(await call(server.url)).toMatchObject(answered(200, text));
      await until('the connection is closed', () => server.openSockets().size === 0);
      expect(await call(server.url)).toMatchObject(answered(200, text));
      expect([server.requests(), server.connections()]).toEqual([2, 2]);
    },
  );
});

describe('an answer that is odd', () => {
  const opened = closing();

  it.each(odd)('by %s is read line by line as well', async (_, answer, text) => {
    const server = opened(
      await startRawServer((socket) => inPieces(socket.setNoDelay(true), linesOf(answer))),
    );
    const { call } = opened(createCaller());
    expect(await call(server.url)).toMatchObject(answered(200, text));
    await until('the connection is closed', () => server.openSockets().size === 0);
  });

  it.each([
    ['410 Gone', {}],
    ['503 Busy', { retryAfter: '7' }],
    ['429 Slow', { retryAfter: '2.0' }],
    ['500 Error', { deliveryControl: 'disable' }],
    ['400 Bad', { deliveryControl: 'abort-message' }],
    ['302 Found', {}],
    ['204 No Content', {}],
    ['999 What', {}],
  ])('counts whatever its status: %s', async (status, asks: Record<string, string>) => {
    const { retryAfter = null, deliveryControl = null } = asks;
    const headers = [
      ...(retryAfter === null ? [] : [`Retry-After: ${retryAfter}`]),
      ...(deliveryControl === null ? [] : [`WEBHOOK-DELIVERY : ${deliveryControl}`]),
    ];
    const text = `HTTP/1.1 ${[status, ...headers].join('\n')}\n\n`;
    for (const pieces of [[text], linesOf(text)]) {
      const server = opened(await startRawServer((socket) => inPieces(socket, pieces)));
      const { call } = opened(createCaller());
      expect(await call(server.url)).toMatchObject({
        ...answered(Number(status.slice(0, 3)), null),
        retryAfter,
        deliveryControl,
      });
    }
  });

  it.each<[string, string, (socket: Socket) => void, AttemptError]>([
    ['a reset', `${ok}x: y\r\n`, (socket) => socket.resetAndDestroy(), 'response_aborted'],
    ['a close', `${ok}retry-after: 5\r\n`, (socket) => socket.end(), 'response_aborted'],
    ['silence', `${ok}x: `, () => undefined, 'timeout'],
    ['nothing but its status', 'HTTP/1.1 200 ', (socket) => socket.end(), 'response_aborted'],
  ])('counts though its head ends in %s', async (_, text, finish, error) => {
    const server = opened(
      await startRawServer((socket) => {
        socket.write(text);
        setTimeout(() => finish(socket), 50);
      }),
    );
    const { call } = opened(createCaller({ requestTimeoutMs: 500 }));
    expect(await call(server.url)).toMatchObject(answered(200, null, error));
    await until('the connection is closed', () => server.openSockets().size === 0);
  });

  it.each([
    ['HTTP/1.1 20'],
    ['HTTP/1.1 2000 OK\r\n\r\n'],
    ['HTTP/1.1 OK\r\n\r\n'],
    ['HTTP/1.1 099 x\n\n'],
    ['ICY 200 OK\r\n\r\n'],
    ['HTTP 200 OK\r\n\r\n'],
    ['x HTTP/1.1 200 OK\n\n'],
    ['HTTP/1.1 103 Early\n\n'],
  ])('is none without a status line: %j', async (text) => {
    const server = opened(await startRawServer((socket) => socket.end(text)));
    const { call } = opened(createCaller());
    expect(await call(server.url)).toMatchObject({ kind: 'unanswered' });
  });

  it('is cut at the limit, as any other', async () => {
    const server = opened(
      await startRawServer((socket) => socket.write(`HTTP/1.1 200 OK\n\n${'x'.repeat(100_000)}`)),
    );
    const { call } = opened(createCaller({ responseLimitBytes: 10 }));
    expect(await call(server.url)).toMatchObject({
      statusCode: 200,
      response: { text: 'x'.repeat(10), truncated: true },
    });
    await until('the connection is closed', () => server.openSockets().size === 0);
  });

  it('leaves nothing to another call: what is left of it goes with its connection', async () => {
    const smuggled = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno';
    const server = opened(
      await startRawServer((socket) => {
        socket.write(`HTTP/1.1 500 Error\ncontent-length: 2\ncontent-length: 60\n\nno${smuggled}`);
        setTimeout(() => socket.destroyed || socket.write(smuggled), 5);
      }),
    );
    const { call } = opened(createCaller());
    for (let count = 0; count < 10; count += 1) {
      expect(await call(server.url)).toMatchObject({ statusCode: 500 });
    }
    expect([server.requests(), server.connections()]).toEqual([10, 10]);
  });

  it('is read over TLS as well', async () => {
    const authority = opened(await createAuthority());
    const sockets = new Set<Socket>();
    const server = createServer(await authority.issue('IP:127.0.0.1'), (socket) => {
      sockets.add(socket.on('error', () => undefined).once('close', () => sockets.delete(socket)));
      socket.once('data', () => inPieces(socket, linesOf('HTTP/1.1 200 OK\nx: y\n\nok')));
    });
    const port = await listenLocally(server);
    opened(server);
    const script = fileURLToPath(new URL('./callThrice.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [script, `https://127.0.0.1:${port}/`],
      { env: { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: authority.caPath } },
    );
    const expected = answered(200, 'ok');
    expect(JSON.parse(stdout)).toMatchObject([expected, expected, expected]);
    await until('the connections are closed', () => sockets.size === 0);
  }, 30_000);

  it('ends with its attempt', async () => {
    const server = opened(
      await startRawServer((socket) => socket.write('HTTP/1.1 200 OK\nx: y\n')),
    );
    const { call } = opened(createCaller());
    const controller = new AbortController();
    const running = call(server.url, controller.signal);
    const reason = new Error('the worker is stopping');
    const settled = Promise.allSettled([running]);
    await until('it has arrived', () => server.requests() === 1);
    controller.abort(reason);
    expect(await settled).toEqual([{ status: 'rejected', reason }]);
    await until('the connection is closed', () => server.openSockets().size === 0);
  });
});

function linesOf(answer: string | Buffer): Buffer[] {
  const lines = Buffer.from(answer)
    .toString('latin1')
    .split(/(?<=\n)/);
  // Of many lines only the first ones by themselves.
  return [...lines.slice(0, 8), lines.slice(8).join('')].map((line) => Buffer.from(line, 'latin1'));
}

function inPieces(socket: Socket, pieces: readonly (string | Buffer)[]): void {
  const [first, ...rest] = pieces;
  if (first === undefined || socket.destroyed) return;
  socket.write(first);
  setTimeout(() => inPieces(socket, rest), 3);
}
