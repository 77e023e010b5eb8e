import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { createOddBody } from '../../../src/http/oddBody.ts';
import type { BodyFraming } from '../../../src/http/oddHead.ts';

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
