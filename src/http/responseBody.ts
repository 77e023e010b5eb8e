import { Buffer } from 'node:buffer';
import { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

/** Reads a response's body, decoded, up to a limit and no further. */
export interface ResponseBody {
  readonly bytes: Buffer;
  /** There was more than the limit: that was seen, not read on. */
  readonly truncated: boolean;
  /** All bytes of the message had arrived, whatever became of the connection since. */
  readonly complete: boolean;
  /** Takes what has arrived but was not read yet; after a fault nothing announces it any more. */
  takeArrived(): void;
}

/** `onEnd` is called when the body has been read to its end, or beyond the limit. */
export function readBody(response: Readable, limitBytes: number, onEnd: () => void): ResponseBody {
  const chunks: Buffer[] = [];
  let size = 0;
  const takeArrived = (): void => {
    while (size <= limitBytes) {
      const chunk = response.read() as Buffer | null;
      if (chunk === null) return;
      chunks.push(chunk);
      size += chunk.length;
    }
  };
  response.on('readable', () => {
    takeArrived();
    if (size > limitBytes) onEnd();
  });
  response.once('end', onEnd);
  return {
    get bytes() {
      const all =
        chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
      return all.subarray(0, limitBytes);
    },
    get truncated() {
      return size > limitBytes;
    },
    get complete() {
      // A compressed body is another stream, behind the message: that one may yet turn out broken.
      return response instanceof IncomingMessage && response.complete;
    },
    takeArrived,
  };
}
