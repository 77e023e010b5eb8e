import { Buffer, isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import zlib from 'node:zlib';
import type { ResponseContent } from '../domain/attempt.ts';
import type { Share } from '../runtime/readingRoom.ts';

/** What was read of a body. */
export interface BodyRead {
  /** Decoded, at most as many as the limit says. */
  readonly bytes: Buffer;
  /** There was more than the limit, or than the room for it. */
  readonly truncated: boolean;
}

/** A response's body, being read up to a limit and no further. */
export interface ResponseBody {
  /** Ends reading. What has arrived by now counts, also after a fault. */
  stop(): BodyRead;
  /** All of it has arrived, whatever happened to the connection since. */
  hasArrived(): boolean;
  /** There is more of it, for which there is no room now: this side delays it. */
  isHeldUp(): boolean;
}

export interface BodyListener {
  /** The body was read to its end, or there is more than the limit or the room. */
  onEnd(): void;
  /** It can't be decoded. */
  onFault(error: unknown): void;
}

/** @param share released by its owner when the content is no longer needed */
export function readBody(
  response: EncodedBody & Partial<Pick<IncomingMessage, 'complete'>>,
  { limitBytes, share }: Readonly<{ limitBytes: number; share: Share }>,
  { onEnd, onFault }: BodyListener,
): ResponseBody {
  const chunks: Buffer[] = [];
  let size = 0;
  /** Up to here it may be read as it comes. */
  let roomBytes = share.freeBytes;
  let isHeldUp = false;
  let isOver = false;
  const body = decode(response, limitBytes);
  const take = (): void => {
    while (size <= limitBytes) {
      const chunk = body.read() as Buffer | null;
      if (chunk === null) return;
      chunks.push(chunk);
      size += chunk.length;
    }
  };
  const onRoom = (): void => {
    roomBytes = Infinity;
    isHeldUp = false;
    if (!isOver) onReadable();
  };
  const reader = {
    granted: onRoom,
    cut() {
      // There is more to come of it, unless it has ended meanwhile.
      isHeldUp = true;
      if (!isOver) onEnd();
    },
  };
  const onReadable = (): void => {
    const sizeThen = size + body.readableLength;
    // Before reading, since reading makes a decoder continue.
    if (sizeThen > limitBytes) onEnd();
    else if (sizeThen <= roomBytes) take();
    else if (!isHeldUp) {
      isHeldUp = true;
      if (share.ask(limitBytes, reader)) onRoom();
    }
  };
  body.on('readable', onReadable);
  const hasArrived = (): boolean => body === response && response.complete === true;
  body.once('end', onEnd);
  if (body !== response) body.on('error', onFault);
  // Functions, not getters: making an object with getters takes a sixth of the time of a call.
  return {
    stop() {
      isOver = true;
      if (body !== response) body.destroy();
      take();
      if (roomBytes !== share.freeBytes || isHeldUp) share.keep(size);
      return {
        bytes: Buffer.concat(chunks).subarray(0, limitBytes),
        truncated: size > limitBytes || (isHeldUp && !hasArrived()),
      };
    },
    hasArrived,
    isHeldUp: () => isHeldUp,
  };
}

/** The encodings offered to receivers. Not `deflate`: it is decoded, but some send a headerless variant as that. */
export const ACCEPTED_ENCODINGS = 'gzip, br';

type Decoder = zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress;

const decoders: ReadonlyMap<string, (options: { chunkSize: number }) => Decoder> = new Map([
  ['gzip', zlib.createGunzip],
  ['x-gzip', zlib.createGunzip],
  ['deflate', zlib.createInflate],
  ['br', zlib.createBrotliDecompress],
]);

/** A body as it came, with the headers that say how it is encoded. */
export type EncodedBody = Readable & Pick<IncomingMessage, 'headers'>;

/**
 * The body without its content encoding; in an unknown encoding, as it is. It is decoded no faster than it is read,
 * about `limitBytes` ahead; the reader destroys it when it stops.
 *
 * got can do this, but leaves the decoder of an unfinished body to the garbage collector, and one that received 300 bytes
 * of brotli may hold 16 MB.
 */
export function decode(response: EncodedBody, limitBytes: number): Readable {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  // So that the first piece of a body beyond the limit shows that: the second would wait for all other decoders.
  const chunkSize = Math.min(Math.max(limitBytes + 1, 64), 65_536);
  const decoder = decoders.get(encoding)?.({ chunkSize });
  if (decoder === undefined) return response;
  let isEmpty = true;
  // Not `pipe`: it waits for ever if there is a listener to `readable` too, and got adds one.
  const pump = (): void => {
    while (!decoder.writableNeedDrain && !decoder.destroyed) {
      const chunk = response.read() as Buffer | null;
      if (chunk === null) return;
      isEmpty = false;
      decoder.write(chunk);
    }
  };
  response.on('readable', pump);
  decoder.on('drain', pump);
  response.once('end', () => {
    // No bytes at all are not valid gzip, but still an empty body.
    if (isEmpty) decoder.emit('end');
    else decoder.end();
  });
  return decoder;
}

/**
 * The body as it is stored: text if it is UTF-8, otherwise base64. A byte order mark stays, so that the text
 * is the body. An incomplete body may end inside a character; that does not make it binary. Null if there was no body.
 *
 * @param body.whole neither truncated nor ended by a fault
 */
export function toResponseContent({
  bytes,
  truncated,
  whole,
}: BodyRead & { readonly whole: boolean }): ResponseContent | null {
  if (bytes.length === 0 && !truncated) return null;
  const text = whole ? wholeText(bytes) : textUpToLastCharacter(bytes);
  return text === null
    ? { text: bytes.toString('base64'), encoding: 'base64', truncated }
    : { text, encoding: 'utf8', truncated };
}

function wholeText(bytes: Buffer): string | null {
  return isUtf8(bytes) ? bytes.toString('utf8') : null;
}

function textUpToLastCharacter(bytes: Buffer): string | null {
  try {
    // `stream` keeps an incomplete last character for bytes to come instead of rejecting it.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: true });
  } catch {
    return null;
  }
}
