import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { readOddHead } from '../../../src/http/oddHead.ts';

const read = (text: string) => readOddHead(Buffer.from(text, 'latin1'));

describe('the head of an odd answer', () => {
  it.each([
    ['HTTP/1.1 200 OK\n\n', 200],
    ['\r\n\nhttp/1.0 404\n\n', 404],
    ['HTTP/2  503\tx\n', 503],
    ['HTTP/1.1 103 a\n\nHTTP/1.1 100 b\r\n\r\nHTTP/1.1 410 Gone\r\n', 410],
    ['HTTP/1.1 101 Switch\n\n', 101],
    ['HTTP/1.1 200 ', 200],
  ])('%j has a status', (text, statusCode) => {
    expect(read(text)?.statusCode).toBe(statusCode);
  });

  it.each([
    ...['', 'HTTP/1.1', 'HTTP/1.1 20', 'HTTP/1.1 200', 'HTTP/1.1 2000 x\n\n', 'HTTP/1.1 20x OK\n'],
    ...['ICY 200 OK\n\n', 'SSH-2.0-x\r\n', ' HTTP/1.1 200 OK\n\n', 'HTTP/1.1 100 Continue\n\n'],
    ...['HTTP/1.1 103 x\nHTTP/1.1 200 OK\n', '<html>HTTP/1.1 200 OK\n\n'],
  ])('%j has none', (text) => {
    expect(read(text)).toBeNull();
  });

  it('gives of each header the first value, whatever stands around it', () => {
    const head = read(
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
    expect(read(`HTTP/1.1 200 OK\n${headers}\n\n`)?.framing).toEqual(framing);
    expect(read(`HTTP/1.1 204 None\n${headers}\n\n`)?.framing).toBe('none');
  });

  it('says where the body begins, once there is an end', () => {
    expect(read('HTTP/1.1 200 OK\nx: y\n')?.bodyStart).toBeNull();
    expect(read('HTTP/1.1 200 OK\nx: y\n\r\nbody')?.bodyStart).toBe(23);
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
        const head = read(parts.join(''));
        expect(head === null || (head.statusCode > 100 && head.statusCode < 1_000)).toBe(true);
      }),
    );
  });
});
