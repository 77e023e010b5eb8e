import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import zlib from 'node:zlib';

/** What a receiver may answer in. Not `deflate`: it is read, but some send a headerless variant as that. */
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
 * The body without its content encoding; in an encoding we don't know, as it is. It is decoded no faster
 * than it is read, about `limitBytes` ahead; whoever stops reading destroys it.
 *
 * got can do this, but leaves the decoder of an unfinished body to the garbage collector, and one that was
 * given 300 bytes of brotli may hold 16 MB.
 */
export function decode(response: EncodedBody, limitBytes: number): Readable {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  // So that the first piece of a body beyond the limit shows that it is: the second would wait its turn
  // among all other decoders.
  const chunkSize = Math.min(Math.max(limitBytes + 1, 64), 65_536);
  const decoder = decoders.get(encoding)?.({ chunkSize });
  if (decoder === undefined) return response;
  let isEmpty = true;
  // Not `pipe`: it waits for ever when there is a listener to `readable` too, and got adds one.
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
    // No bytes at all are no gzip either, but an empty body all the same.
    if (isEmpty) decoder.emit('end');
    else decoder.end();
  });
  return decoder;
}
