import { Buffer } from 'node:buffer';
import type { BodyFraming } from './oddHead.ts';

/** Takes a body apart as it comes: what of it is content, and whether it has ended. */
export type OddBody = (chunk: Buffer) => {
  readonly content: readonly Buffer[];
  readonly isOver: boolean;
};

export function createOddBody(framing: BodyFraming): OddBody {
  if (framing === null) return (chunk) => ({ content: [chunk], isOver: false });
  if (framing === 'chunks') return createChunks();
  return createCounted(framing === 'none' ? 0 : framing.bytes);
}

function createCounted(bytes: number): OddBody {
  let missing = bytes;
  return (chunk) => {
    const content = chunk.subarray(0, missing);
    missing -= content.length;
    return { content: [content], isOver: missing === 0 };
  };
}

/** A size in a line of its own, with whatever follows it there. */
const SIZE = /^\s*([\da-f]{1,12})(?![\da-f])/i;
const SIZE_LINE_BYTES = 4_096;

/** Ends at the chunk of no bytes, and where no size is to be read. */
function createChunks(): OddBody {
  let held: Buffer = Buffer.alloc(0);
  let missing = 0;
  let isOver = false;
  return (chunk) => {
    const content: Buffer[] = [];
    held = Buffer.concat([held, chunk]);
    while (!isOver && held.length > 0) {
      if (missing > 0) {
        const part = held.subarray(0, missing);
        content.push(part);
        missing -= part.length;
        held = held.subarray(part.length);
        continue;
      }
      const lineStart = startOfLine(held);
      const lineEnd = held.indexOf('\n', lineStart);
      if (lineEnd === -1) {
        isOver = held.length > SIZE_LINE_BYTES;
        break;
      }
      const size = SIZE.exec(held.toString('latin1', lineStart, lineEnd))?.[1];
      missing = size === undefined ? 0 : Number.parseInt(size, 16);
      isOver = missing === 0;
      held = held.subarray(lineEnd + 1);
    }
    return { content, isOver };
  };
}

/** After the line break that ends the chunk before. */
function startOfLine(bytes: Buffer): number {
  let at = 0;
  while (bytes[at] === 0x0d || bytes[at] === 0x0a) at += 1;
  return at;
}
