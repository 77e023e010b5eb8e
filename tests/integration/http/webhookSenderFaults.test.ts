import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { AttemptError, AttemptOutcome } from '../../../src/domain/attempt.ts';
import { until } from '../../support/until.ts';
import { closing, createCaller, startRawServer, type RawServer } from './calling.ts';

const unanswered = (error: AttemptError): object => ({ kind: 'unanswered', error });
const answered = (text: string | null, error: AttemptError | null, statusCode = 200): object => ({
  kind: 'answered',
  statusCode,
  response: text === null ? null : { text, encoding: 'utf8', truncated: false },
  error,
});

const head = (headers: string, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\n${headers}\r\n\r\n`;

describe('an attempt that fails', () => {
  const opened = closing();

  /** One call to a server that answers by hand, and closes nothing itself unless the answer does. */
  const callTo = async (
    answer: (socket: Socket) => void,
    options: { requestTimeoutMs?: number; isWhole?: boolean } = {},
  ): Promise<AttemptOutcome> => {
    const { isWhole = false, ...limits } = options;
    const server: RawServer = opened(await startRawServer(answer));
    const { call } = opened(createCaller(limits));
    const outcome = await call(server.url);
    if (!isWhole) await until('the connection is closed', () => server.openSockets().size === 0);
    expect(server.requests()).toBe(1);
    return outcome;
  };

  describe('before a status line', () => {
    it.each<[string, (socket: Socket) => void]>([
      ['a reset', (socket) => socket.resetAndDestroy()],
      ['a close', (socket) => socket.end()],
      ['a close within the status line', (socket) => socket.end('HTTP/1.1 20')],
    ])('is connection_reset by %s', async (_, answer) => {
      expect(await callTo(answer)).toMatchObject(unanswered('connection_reset'));
    });

    it.each([
      ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
      ['a status that is no number', 'HTTP/1.1 2xx OK\r\n\r\n'],
      ['a page without a head', '<html>hello</html>\r\n\r\n'],
    ])('is response_invalid by %s', async (_, text) => {
      expect(await callTo((socket) => socket.write(text))).toMatchObject(
        unanswered('response_invalid'),
      );
    });

    it('is response_invalid by a hundred interim answers and one', async () => {
      const interim = 'HTTP/1.1 102 Processing\r\n\r\n';
      const outcome = await callTo((socket) => socket.write(interim.repeat(101)));
      expect(outcome).toMatchObject(unanswered('response_invalid'));
    });

    it('times out when there is no answer', async () => {
      const outcome = await callTo(() => {}, { requestTimeoutMs: 200 });
      expect(outcome).toMatchObject(unanswered('timeout'));
      expect(outcome.durationMs).toBeGreaterThanOrEqual(199);
    });

    it('times out when there are only interim answers', async () => {
      const outcome = await callTo(
        (socket) => every50Ms(socket, 'HTTP/1.1 102 Processing\r\n\r\n'),
        { requestTimeoutMs: 300 },
      );
      expect(outcome).toMatchObject(unanswered('timeout'));
    });
  });

  describe('after a status line', () => {
    const gzipped = gzipSync('hello');
    const brotli = brotliCompressSync('hello hello');
    const badSum = Buffer.from(gzipped);
    badSum.writeUInt8((badSum.at(-5) ?? 0) ^ 1, badSum.length - 5);

    it.each<[string, (socket: Socket) => void, string | null, AttemptError]>([
      [
        'a reset in the body',
        (socket) =>
          socket.write(`${head('content-length: 9')}part`, () => socket.resetAndDestroy()),
        'part',
        'response_aborted',
      ],
      [
        'a close in the body',
        (socket) => socket.end(`${head('content-length: 9')}part`),
        'part',
        'response_aborted',
      ],
      [
        'a close within a character',
        (socket) => socket.end(Buffer.from(`${head('content-length: 9')}a€`).subarray(0, -1)),
        'a',
        'response_aborted',
      ],
      [
        'a close before the body',
        (socket) => socket.end(head('content-length: 9')),
        null,
        'response_aborted',
      ],
      [
        'a close before the last chunk',
        (socket) => socket.end(`${head('transfer-encoding: chunked')}4\r\npart\r\n`),
        'part',
        'response_aborted',
      ],
      [
        'a chunk of no size, at once',
        (socket) => socket.write(`${head('transfer-encoding: chunked')}4\r\npart\r\nXX\r\n`),
        'part',
        'response_invalid',
      ],
      [
        'a chunk of no size, later',
        (socket) => {
          socket.write(`${head('transfer-encoding: chunked')}4\r\npart\r\n`);
          setTimeout(() => socket.write('XX\r\n'), 50);
        },
        'part',
        'response_invalid',
      ],
      [
        'gzip that is too short',
        (socket) => {
          socket.write(head('content-encoding: gzip'));
          socket.end(gzipped.subarray(0, -8));
        },
        'hello',
        'response_invalid',
      ],
      [
        'brotli that is too short',
        (socket) => {
          socket.write(head('content-encoding: br'));
          socket.end(brotli.subarray(0, -2));
        },
        'hello hell',
        'response_invalid',
      ],
      [
        'a reset in a gzip body',
        (socket) => {
          socket.write(head('content-encoding: gzip\r\ncontent-length: 900'));
          socket.write(gzipped.subarray(0, -8));
          setTimeout(() => socket.resetAndDestroy(), 100);
        },
        'hello',
        'response_aborted',
      ],
    ])('keeps what came before %s', async (_, answer, text, error) => {
      expect(await callTo(answer)).toMatchObject(answered(text, error));
    });

    it.each<[string, string, Buffer, string | null]>([
      ['what is not gzip', 'gzip', Buffer.from('hello'), null],
      ['what is not brotli', 'br', Buffer.from('hello'), null],
      ['gzip with a wrong sum', 'gzip', badSum, 'hello'],
    ])('keeps what could be decoded of %s', async (_, encoding, bytes, text) => {
      const outcome = await callTo(
        (socket) => {
          socket.write(head(`content-encoding: ${encoding}\r\ncontent-length: ${bytes.length}`));
          socket.write(bytes.subarray(0, -8));
          setTimeout(() => socket.write(bytes.subarray(-8)), 50);
        },
        { isWhole: true },
      );
      expect(outcome).toMatchObject(answered(text, 'response_invalid'));
    });

    it('is no less kept when the status is no success', async () => {
      const outcome = await callTo((socket) =>
        socket.end(`${head('content-length: 9', '503 Busy')}part`),
      );
      expect(outcome).toMatchObject(answered('part', 'response_aborted', 503));
    });

    it('keeps what came in time', async () => {
      const outcome = await callTo(
        (socket) => {
          socket.write(head('content-length: 900'));
          every50Ms(socket, 'x');
        },
        { requestTimeoutMs: 400 },
      );
      expect(outcome).toMatchObject({ kind: 'answered', statusCode: 200, error: 'timeout' });
      expect(outcome).toMatchObject({ response: { text: expect.stringMatching(/^x+$/) } });
    });

    it.each([
      ['naming a protocol', 'connection: upgrade\r\nupgrade: websocket'],
      ['naming none', 'x: y'],
    ])('takes no switch of protocols, %s', async (_, headers) => {
      const outcome = await callTo((socket) => socket.write(head(headers, '101 Switching')));
      expect(outcome).toMatchObject(answered(null, 'response_invalid', 101));
    });
  });
});

describe('an attempt that does not fail', () => {
  const opened = closing();

  it.each<[string, (socket: Socket) => void, string]>([
    [
      'after interim answers',
      (socket) =>
        inTwo(
          socket,
          `${head('x: y', '100 Continue')}${head('x: y', '102 Processing')}`,
          Buffer.from(`${head('link: </a>', '103 Early Hints')}${head('content-length: 2')}ok`),
        ),
      'ok',
    ],
    [
      'though another protocol is offered',
      (socket) =>
        socket.write(`${head('connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2')}ok`),
      'ok',
    ],
    [
      'though more follows than was announced',
      (socket) => socket.write(`${head('content-length: 2')}ok and more`),
      'ok',
    ],
    [
      'though more follows later',
      (socket) => inTwo(socket, `${head('content-length: 2')}ok`, Buffer.from(' and more')),
      'ok',
    ],
    [
      'though the connection is reset right after it',
      (socket) => socket.write(`${head('content-length: 2')}ok`, () => socket.resetAndDestroy()),
      'ok',
    ],
    [
      'when the end of the connection is its end',
      (socket) => socket.end(`${head('x: y')}ok`),
      'ok',
    ],
    [
      'though a header is not ASCII',
      (socket) => socket.write(`${head('x: größe\r\ncontent-length: 2')}ok`),
      'ok',
    ],
    ['in the protocol of old', (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nok'), 'ok'],
  ])('is answered %s', async (_, answer, text) => {
    const server = opened(await startRawServer(answer));
    const { call } = opened(createCaller());
    expect(await call(server.url)).toMatchObject(answered(text, null));
  });

  it('is answered though the process was held up until its time was over', async () => {
    const server = opened(
      await startRawServer((socket) => {
        socket.write(`${head('content-length: 2')}ok`);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
      }),
    );
    const { call } = opened(createCaller({ requestTimeoutMs: 200 }));
    expect(await call(server.url)).toMatchObject(answered('ok', null));
  });
});

function inTwo(socket: Socket, first: string, second: Buffer): void {
  socket.write(first);
  setTimeout(() => socket.write(second), 50);
}

function every50Ms(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 50);
  socket.once('close', () => clearInterval(timer));
}
