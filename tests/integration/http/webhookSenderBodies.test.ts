import { Buffer } from 'node:buffer';
import { pipeline, Readable } from 'node:stream';
import {
  brotliCompressSync,
  createBrotliCompress,
  createGzip,
  deflateSync,
  gzipSync,
} from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { startReceiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';
import { closing, createCaller, startRawServer } from './calling.ts';

const utf8 = (text: string, truncated = false): object => ({
  kind: 'answered',
  statusCode: 200,
  response: { text, encoding: 'utf8', truncated },
  error: null,
});

describe('what is kept of a response', () => {
  const opened = closing();

  /** One call, answered with this body, read up to this many bytes. */
  const callFor = async (
    body: string | Buffer,
    options: { limit?: number; headers?: Record<string, string>; status?: number } = {},
  ): Promise<AttemptOutcome> => {
    const { limit = 16_384, headers = {}, status = 200 } = options;
    const receiver = opened(await startReceiver());
    receiver.answer('/', { status, body, headers });
    const { call } = opened(createCaller({ responseLimitBytes: limit }));
    return await call(receiver.url());
  };

  it.each([
    [204, ''],
    [200, ''],
    [500, ''],
  ])('is nothing for a %i with an empty body', async (status, body) => {
    expect(await callFor(body, { status })).toMatchObject({
      kind: 'answered',
      statusCode: status,
      response: null,
      error: null,
    });
  });

  it('is the text, its byte order mark included', async () => {
    expect(await callFor('\u{FEFF}फोनन ok\u0000')).toMatchObject(utf8('\u{FEFF}फोनन ok\u0000'));
  });

  it('is base64 when it is not UTF-8', async () => {
    const bytes = Buffer.from([0xff, 0xd8, 0x00, 0x01]);
    expect(await callFor(bytes)).toMatchObject({
      response: { text: bytes.toString('base64'), encoding: 'base64', truncated: false },
    });
  });

  it('is cut at the limit, before a character that does not fit', async () => {
    expect(await callFor('aééé', { limit: 7 })).toMatchObject(utf8('aééé'));
    expect(await callFor('aééé', { limit: 6 })).toMatchObject(utf8('aéé', true));
    expect(await callFor('aééé', { limit: 5 })).toMatchObject(utf8('aéé', true));
    expect(await callFor('😀', { limit: 3 })).toMatchObject(utf8('', true));
    expect(await callFor('a', { limit: 0 })).toMatchObject(utf8('', true));
    expect(await callFor('x'.repeat(1_000_000))).toMatchObject(utf8('x'.repeat(16_384), true));
  });

  it('is as many bytes when these are not text', async () => {
    const bytes = Buffer.alloc(100, 0xff);
    expect(await callFor(bytes, { limit: 10 })).toMatchObject({
      response: { text: bytes.toString('base64', 0, 10), encoding: 'base64', truncated: true },
    });
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is decoded from %s, and counted after that', async (encoding, compress) => {
    const headers = { 'content-encoding': encoding };
    const text = 'é'.repeat(50_000);
    const compressed = compress(Buffer.from(text));
    expect(await callFor(compressed, { headers, limit: 100_000 })).toMatchObject(utf8(text));
    expect(await callFor(compressed, { headers, limit: 99_999 })).toMatchObject(
      utf8(text.slice(1), true),
    );
    expect(await callFor(compressed, { headers, limit: 3 })).toMatchObject(utf8('é', true));
  });

  it('is nothing for an empty body that is called gzip', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect(await callFor('', { headers })).toMatchObject({ response: null, error: null });
    expect(await callFor('', { headers, status: 204 })).toMatchObject({ response: null });
  });

  it('is as it came in an encoding that is not known', async () => {
    const headers = { 'content-encoding': 'aes128gcm' };
    expect(await callFor('plain', { headers })).toMatchObject(utf8('plain'));
  });

  it('is the beginning of a body without end, which is then no longer sent', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { fault: 'endlessBody', body: 'x'.repeat(1_000) });
    const { call } = opened(createCaller({ responseLimitBytes: 5_000 }));
    expect(await call(receiver.url())).toMatchObject(utf8('x'.repeat(5_000), true));
    await until('the connection is closed', () => receiver.openSockets() === 0);
  });

  it.each([
    ['gzip', createGzip],
    ['br', createBrotliCompress],
  ])('is the beginning of a %s body without end', async (encoding, createEncoder) => {
    const server = opened(
      await startRawServer((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\n\r\n`);
        pipeline(zeros(), createEncoder(), socket, () => {});
      }),
    );
    const { call } = opened(createCaller());
    expect(await call(server.url)).toMatchObject(utf8('\0'.repeat(16_384), true));
    await until('the connection is closed', () => server.openSockets().size === 0);
  });
});

function zeros(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(65_536));
    },
  });
}
