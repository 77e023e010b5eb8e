import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer as readAll } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync, type Gunzip } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { decode } from '../../../src/http/decoding.ts';

function responseOf(encoding: string | undefined, pieces: readonly Buffer[]): IncomingMessage {
  const response = new IncomingMessage(new Socket());
  if (encoding !== undefined) response.headers['content-encoding'] = encoding;
  for (const piece of pieces) response.push(piece);
  response.push(null);
  return response;
}

const bytesOf = (whole: Buffer): Buffer[] => Array.from(whole, (byte) => Buffer.of(byte));
const decoded = async (body: Readable): Promise<string> => (await readAll(body)).toString();

describe('decoding', () => {
  it.each([undefined, '', 'identity', 'gzip, gzip', 'zstd', 'constructor'])(
    'leaves a body in encoding %p as it is',
    (encoding) => {
      const response = responseOf(encoding, []);
      expect(decode(response, 100)).toBe(response);
    },
  );

  it.each([
    ['gzip', gzipSync],
    [' X-Gzip ', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('reads %s, in one piece or byte by byte', async (encoding, compress) => {
    const compressed = compress('hello '.repeat(100));
    for (const pieces of [[compressed], bytesOf(compressed)]) {
      expect(await decoded(decode(responseOf(encoding, pieces), 100))).toBe('hello '.repeat(100));
    }
  });

  it.each(['gzip', 'deflate', 'br'])('takes no bytes for an empty body in %s', async (encoding) => {
    const body = decode(responseOf(encoding, []), 100).resume();
    await expect(once(body, 'end')).resolves.toEqual([]);
  });

  it.each(['gzip', 'deflate', 'br'])('fails when the body is not %s', async (encoding) => {
    const body = decode(responseOf(encoding, [Buffer.from('<html>')]), 100);
    await expect(decoded(body)).rejects.toMatchObject({ code: expect.any(String) });
  });

  it('inflates no more than is read, and a bit ahead', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const body = decode(responseOf('gzip', [bomb]), 1_000) as Gunzip;
    await once(body, 'readable');
    expect(body.readableLength).toBeGreaterThan(1_000);
    // What it may hold before it waits to be read.
    expect(body.readableLength).toBeLessThanOrEqual(body.readableHighWaterMark + 1_001);
    expect(body.bytesWritten).toBeLessThan(bomb.length / 100);
    body.destroy();
  });
});
