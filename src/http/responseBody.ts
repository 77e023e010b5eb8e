import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { decode } from './decoding.ts';

/** A response's body, being read up to a limit and no further. */
export interface ResponseBody {
  /** What was read, decoded, up to the limit. */
  readonly bytes: Buffer;
  /** There was more than the limit. */
  readonly truncated: boolean;
  /** All of it has arrived, whatever became of the connection since. */
  readonly hasArrived: boolean;
  /** Ends reading. Takes what has arrived but was not read yet: after a fault nothing announces it. */
  stop(): void;
}

export interface BodyListener {
  /** The body was read to its end, or beyond the limit. */
  onEnd(): void;
  /** It can't be decoded. */
  onFault(error: unknown): void;
}

export function readBody(
  response: IncomingMessage,
  limitBytes: number,
  listener: BodyListener,
): ResponseBody {
  const chunks: Buffer[] = [];
  let size = 0;
  const body = decode(response, limitBytes);
  const take = (): void => {
    while (size <= limitBytes) {
      const chunk = body.read() as Buffer | null;
      if (chunk === null) return;
      chunks.push(chunk);
      size += chunk.length;
    }
  };
  body.on('readable', () => {
    // Asked before reading, since a decoder is set to work again by being read.
    if (size + body.readableLength > limitBytes) listener.onEnd();
    else take();
  });
  body.once('end', () => {
    listener.onEnd();
  });
  if (body !== response) {
    body.on('error', (error) => {
      listener.onFault(error);
    });
  }
  return {
    get bytes() {
      return Buffer.concat(chunks).subarray(0, limitBytes);
    },
    get truncated() {
      return size > limitBytes;
    },
    get hasArrived() {
      return body === response && response.complete;
    },
    stop() {
      if (body !== response) body.destroy();
      take();
    },
  };
}
