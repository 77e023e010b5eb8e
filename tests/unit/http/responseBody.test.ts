import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer as readAll } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, type Gunzip, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { assert, integer, property, string, uint8Array } from 'fast-check';
import { decode, toResponseContent } from '../../../src/http/responseBody.ts';

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

const whole = (bytes: Buffer): unknown =>
  toResponseContent({ bytes, truncated: false, whole: true });
const cut = (bytes: Buffer): unknown => toResponseContent({ bytes, truncated: true, whole: false });
const text = (value: string, truncated = false): unknown => ({
  text: value,
  encoding: 'utf8',
  truncated,
});

describe('the content of a response', () => {
  it('is null when there is none', () => {
    expect(whole(Buffer.alloc(0))).toBeNull();
    expect(
      toResponseContent({ bytes: Buffer.alloc(0), truncated: false, whole: false }),
    ).toBeNull();
  });

  it.each(['ok', 'फोनन में', '\u{FEFF}with a mark', 'a\u0000b', '😀', ' \r\n'])(
    'is the text %j',
    (value) => {
      expect(whole(Buffer.from(value))).toEqual(text(value));
    },
  );

  it.each([
    ['a lone continuation byte', [0x80]],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['an unfinished character that nobody cut', [0x61, 0xe2, 0x82]],
  ])('is base64 when it is not UTF-8: %s', (_, bytes) => {
    const expected = Buffer.from(bytes).toString('base64');
    expect(whole(Buffer.from(bytes))).toEqual({
      text: expected,
      encoding: 'base64',
      truncated: false,
    });
  });

  it('ends before a character that was cut', () => {
    expect(cut(Buffer.from('a€').subarray(0, 2))).toEqual(text('a', true));
    expect(cut(Buffer.from('a😀').subarray(0, 4))).toEqual(text('a', true));
    expect(cut(Buffer.from('€').subarray(0, 1))).toEqual(text('', true));
    expect(cut(Buffer.alloc(0))).toEqual(text('', true));
  });

  it('is base64 when there is more amiss than the cut', () => {
    expect(cut(Buffer.from([0xff, 0x61]))).toMatchObject({ encoding: 'base64', truncated: true });
  });

  it('is not called truncated when a fault ended it inside a character', () => {
    const bytes = Buffer.from('a€').subarray(0, 3);
    expect(toResponseContent({ bytes, truncated: false, whole: false })).toEqual(text('a'));
  });

  it('is, wherever a text is cut, a beginning of that text', () => {
    assert(
      property(
        string({ unit: 'binary', maxLength: 20 }),
        integer({ min: 0, max: 80 }),
        (all, at) => {
          const content = toResponseContent({
            bytes: Buffer.from(all).subarray(0, at),
            truncated: true,
            whole: false,
          });
          expect(content?.encoding).toBe('utf8');
          expect(all.startsWith(content?.text ?? '?')).toBe(true);
        },
      ),
    );
  });

  it('gives every body back byte by byte', () => {
    assert(
      property(uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        const content = toResponseContent({
          bytes: Buffer.from(bytes),
          truncated: false,
          whole: true,
        });
        expect(Buffer.from(content?.text ?? '', content?.encoding)).toEqual(Buffer.from(bytes));
      }),
    );
  });
});
