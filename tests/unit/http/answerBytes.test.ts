import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { createAnswerBytes, type AnswerEnd } from '../../../src/http/answerBytes.ts';

/** How an answer ends that came in these pieces, the head having been read after the first that has its end. */
function endOf(
  pieces: readonly string[],
  headers: Readonly<Record<string, string>>,
  statusCode = 200,
): AnswerEnd {
  const bytes = createAnswerBytes();
  let sofar = '';
  for (const piece of pieces) {
    bytes.add(Buffer.from(piece));
    sofar += piece;
    if (sofar.includes('200 OK') && sofar.endsWith('\r\n\r\n')) bytes.headWasRead();
  }
  return bytes.end({ statusCode, headers });
}

const head = 'HTTP/1.1 200 OK\r\nx: y\r\n\r\n';
const chunked = { 'transfer-encoding': 'chunked' };
const two = { 'content-length': '2' };

describe('an answer', () => {
  it.each<[AnswerEnd, string[]]>([
    ['where announced', [`${head}ok`]],
    ['where announced', [head, 'o', 'k']],
    ['where announced', `${head}ok`.split('')],
    ['where announced', ['HTTP/1.1 103 x\r\n\r\nHTTP/1.1 100 x\r\n\r\n', `${head}ok`]],
    ['later', [`${head}okk`]],
    ['later', [`${head}ok`, '\r\n']],
    ['later', [head, 'ok', 'HTTP/1.1 2']],
    ['unknown', ['HTTP/1.1 200 OK\n\nok']],
  ])('with a length ends %s: %j', (end, pieces) => {
    expect(endOf(pieces, two)).toBe(end);
  });

  it.each<[AnswerEnd, string[]]>([
    ['where announced', [`${head}2\r\nok\r\n0\r\n\r\n`]],
    ['where announced', [head, '2\r\nok\r\n0\r', '\n', '\r\n']],
    ['where announced', [`${head}0\r\n\r\n`]],
    ['unknown', [`${head}2\r\nok\r\n0\r\n\r\n\r\n`]],
    ['unknown', [`${head}2\r\nok\r\n0\r\n\r\nHTTP`]],
    ['unknown', [`${head}2\r\nok\r\n0\r\nx: y\r\n\r\n`]],
  ])('in chunks ends %s: %j', (end, pieces) => {
    expect(endOf(pieces, chunked)).toBe(end);
    expect(endOf(pieces, { ...chunked, ...two })).toBe('unknown');
    expect(endOf(pieces, { 'transfer-encoding': 'gzip, chunked' })).toBe('unknown');
  });

  it.each([204, 304])(
    'of %i has no body, and is not to be trusted when it announces one',
    (status) => {
      expect(endOf([head], {}, status)).toBe('where announced');
      expect(endOf([head], { 'content-length': '0' }, status)).toBe('where announced');
      expect(endOf([head, 'ok'], {}, status)).toBe('later');
      expect(endOf([head], two, status)).toBe('unknown');
      expect(endOf([head], chunked, status)).toBe('unknown');
    },
  );

  it('without a length ends with its connection', () => {
    expect(endOf([`${head}ok`], {})).toBe('unknown');
  });

  it('is counted anew for every call', () => {
    const bytes = createAnswerBytes();
    bytes.add(Buffer.from(`${head}okk`));
    bytes.headWasRead();
    bytes.clear();
    bytes.add(Buffer.from(`${head}ok`));
    bytes.headWasRead();
    expect(bytes.end({ statusCode: 200, headers: two })).toBe('where announced');
  });

  it('is kept until its head was read, and no more of it than has sense', () => {
    const bytes = createAnswerBytes();
    bytes.add(Buffer.from('HTTP/1.1 2'));
    bytes.add(Buffer.from('00 OK'));
    expect(bytes.untilHead().toString()).toBe('HTTP/1.1 200 OK');
    bytes.headWasRead();
    bytes.add(Buffer.from('more'));
    expect(bytes.untilHead().toString()).toBe('HTTP/1.1 200 OK');
    bytes.clear();
    for (let count = 0; count < 100; count += 1) bytes.add(Buffer.alloc(10_000));
    expect(bytes.untilHead().length).toBeLessThan(200_000);
  });
});
