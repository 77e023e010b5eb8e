import { Buffer } from 'node:buffer';
import { Binary, BSONRegExp } from 'mongodb';

/** Values that a server stores and the driver refuses to read. */
export const undecodable = {
  /** A regular expression with an option that nobody knows. */
  regex: (pattern = 'x', options = 't'): unknown =>
    Object.assign(new BSONRegExp(pattern, ''), { options }),
  /** Binary of subtype 2, with no length of its own inside. */
  binary: (bytes: Uint8Array = Buffer.from('\u0001\u0002\u0003\u0004\u0005')): unknown =>
    // Not the number 2 by itself, so that the driver writes no inner length either.
    Object.assign(new Binary(Buffer.from(bytes), 0), { sub_type: { valueOf: () => 2 } }),
} as const;
