import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type BodyFraming, createOddBody, readOddHead } from '../../../src/http/oddAnswer.ts';

const readHead = (text: string) => readOddHead(Buffer.from(text, 'latin1'));

describe('the head of an odd answer', () => {
  it.each([
    ['HTTP/1.1 200 OK\n\n', 200],
    ['\r\n\nhttp/1.0 404\n\n', 404],
    ['HTTP/2  503\tx\n', 503],
    ['HTTP/1.1 103 a\n\nHTTP/1.1 100 b\r\n\r\nHTTP/1.1 410 Gone\r\n', 410],
    ['HTTP/1.1 101 Switch\n\n', 101],
    ['HTTP/1.1 200 ', 200],
  ])('%j has a status', (text, statusCode) => {
    expect(readHead(text)?.statusCode).toBe(statusCode);
  });

  it.each([
    ...['', 'HTTP/1.1', 'HTTP/1.1 20', 'HTTP/1.1 200', 'HTTP/1.1 2000 x\n\n', 'HTTP/1.1 20x OK\n'],
    ...['ICY 200 OK\n\n', 'SSH-2.0-x\r\n', ' HTTP/1.1 200 OK\n\n', 'HTTP/1.1 100 Continue\n\n'],
    ...['HTTP/1.1 103 x\nHTTP/1.1 200 OK\n', '<html>HTTP/1.1 200 OK\n\n'],
  ])('%j has none', (text) => {
    expect(readHead(text)).toBeNull();
  });

  it('gives of each header the first value, whatever stands around it', () => {
    const head = readHead(
      'HTTP/1.1 503 Busy\nRetry-After : 7\nretry-after: 9\nwebhook-delivery:\n  disable\nno colon\n__proto__: x\n\n',
    );
    expect(head?.headers).toMatchObject({ 'retry-after': '7', 'webhook-delivery': 'disable' });
    expect(Object.getPrototypeOf(head?.headers)).toBe(Object.prototype);
  });

  it.each<[string, unknown]>([
    ['content-length: 5', { bytes: 5 }],
    ['content-length: 9\ncontent-length: 5, 7', { bytes: 5 }],
    ['content-length: -5\ncontent-length: x\ncontent-length: 6', { bytes: 6 }],
    ['content-length: -5', null],
    ['content-length: 5\ntransfer-encoding: gzip, Chunked', 'chunks'],
    ['transfer-encoding: identity', null],
    ['x: content-length: 5', null],
  ])('with %j ends its body accordingly', (headers, framing) => {
    expect(readHead(`HTTP/1.1 200 OK\n${headers}\n\n`)?.framing).toEqual(framing);
    expect(readHead(`HTTP/1.1 204 None\n${headers}\n\n`)?.framing).toBe('none');
  });

  it('says where the body begins, once there is an end', () => {
    expect(readHead('HTTP/1.1 200 OK\nx: y\n')?.bodyStart).toBeNull();
    expect(readHead('HTTP/1.1 200 OK\nx: y\n\r\nbody')?.bodyStart).toBe(23);
  });

  it('is read or not, and never throws', () => {
    const piece = fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.1 100',
      '\r',
      '\n',
      ':',
      ' ',
      'x',
      '\0',
    );
    const text = fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 });
    fc.assert(
      fc.property(text, (parts) => {
        const head = readHead(parts.join(''));
        expect(head === null || (head.statusCode > 100 && head.statusCode < 1_000)).toBe(true);
      }),
    );
  });
});

/** What is content of a text that comes in pieces of so many bytes, and whether it has ended then. */
function contentOf(framing: BodyFraming, text: string, pieceBytes: number): [string, boolean] {
  const body = createOddBody(framing);
  const bytes = Buffer.from(text);
  let content = '';
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const read = body(bytes.subarray(at, at + pieceBytes));
    content += Buffer.concat(read.content).toString();
    if (read.isOver) return [content, true];
  }
  return [content, false];
}

describe.each([[1], [3], [1_000]])('an odd body in pieces of %i bytes', (pieceBytes) => {
  it.each<[string, string, boolean]>([
    ['2\r\nok\r\n0\r\n\r\n', 'ok', true],
    ['1\no\n1;x=y\nk\n0\n', 'ok', true],
    [' 2 \r\nok\r\n000\r\n', 'ok', true],
    ['2\r\nok', 'ok', false],
    ['2\r\nok3\r\nxyz0\r\n', 'okxyz', true],
    ['2\r\nokXX\r\nmore', 'ok', true],
    ['-2\r\nok', '', true],
    ['fffffffffffffff\r\nok', '', true],
  ])('of chunks %j', (text, content, isOver) => {
    expect(contentOf('chunks', text, pieceBytes)).toEqual([content, isOver]);
  });

  it('of so many bytes has no more', () => {
    expect(contentOf({ bytes: 2 }, 'ok and more', pieceBytes)[0]).toBe('ok');
    expect(contentOf({ bytes: 9 }, 'ok', pieceBytes)).toEqual(['ok', false]);
    expect(contentOf('none', 'ok', pieceBytes)).toEqual(['', true]);
    expect(contentOf(null, 'ok', pieceBytes)).toEqual(['ok', false]);
  });

  it('of a size without end is given up', () => {
    expect(contentOf('chunks', '0'.repeat(10_000), pieceBytes)).toEqual(['', true]);
  });
});
