import { promisify } from 'node:util';
import { crc32, gunzip, gzip } from 'node:zlib';
import { Binary } from 'mongodb';

/**
 * Up to this size, a body is stored as gzip without compression. This costs a fiftieth as much as compressing, whose
 * state takes 268 KB for each of hundreds of rows at once, and MongoDB compresses what it stores anyway.
 */
const STORED_AS_IT_IS_BYTES = 4_096;
/** No JSON of a document of 16 MB is larger. */
const BODY_AT_MOST_BYTES = 128 * 1024 * 1024;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** A header without a name or a time, and the beginning of a final stored block: RFC 1952 and 1951. */
const beginning = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1]);
const BODY_AT = beginning.length + 4;
const TRAILER_BYTES = 8;

/** A body as gzip, for a row. */
export async function freeze(body: Uint8Array): Promise<Binary> {
  const { byteLength } = body;
  if (byteLength > STORED_AS_IT_IS_BYTES) return new Binary(await compress(body));
  const stored = Buffer.allocUnsafe(BODY_AT + byteLength + TRAILER_BYTES);
  stored.set(beginning);
  stored.writeUInt16LE(byteLength, beginning.length);
  stored.writeUInt16LE(0xffff - byteLength, beginning.length + 2);
  stored.set(body, BODY_AT);
  stored.writeUInt32LE(crc32(body), BODY_AT + byteLength);
  stored.writeUInt32LE(byteLength, BODY_AT + byteLength + 4);
  return new Binary(stored);
}

/** The body; null when it is damaged. */
export async function thaw({ buffer, position }: Binary): Promise<Buffer | null> {
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, position);
  const limit = { maxOutputLength: BODY_AT_MOST_BYTES };
  return thawStored(bytes) ?? (await decompress(bytes, limit).catch(() => null));
}

/** Null when it is not exactly what `freeze` makes of a small body. */
function thawStored(bytes: Buffer): Buffer | null {
  const length = bytes.length - BODY_AT - TRAILER_BYTES;
  if (length < 0 || !bytes.subarray(0, beginning.length).equals(beginning)) return null;
  const isWhole =
    bytes.readUInt16LE(beginning.length) === length &&
    bytes.readUInt16LE(beginning.length + 2) === 0xffff - length &&
    bytes.readUInt32LE(BODY_AT + length + 4) === length;
  if (!isWhole) return null;
  // A copy, because the driver reads many rows into one buffer.
  const body = Buffer.from(bytes.subarray(BODY_AT, BODY_AT + length));
  return bytes.readUInt32LE(BODY_AT + length) === crc32(body) ? body : null;
}

/** A body of this size always fits, however gzip encodes it: 16 MB minus the rest of a row. */
const SURELY_FITS_BYTES = 12 * 1024 * 1024;

export async function fitsIntoRow(body: Uint8Array): Promise<boolean> {
  return (
    body.byteLength <= SURELY_FITS_BYTES || (await compress(body)).byteLength <= SURELY_FITS_BYTES
  );
}
