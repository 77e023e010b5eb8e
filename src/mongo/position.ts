import { Timestamp } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';

/**
 * What this folder keeps in a position's `opaque`: the token to continue after, and the cluster time to
 * start again at when the token is refused (it is tied to the pipeline, a time is not). Without a token
 * the time alone is the position.
 */
export interface MongoPosition {
  /** Null when only the time is known. */
  readonly token: unknown;
  readonly clusterTime: Timestamp;
}

export function toPosition(opaque: MongoPosition, wallTime?: Date): StreamPosition {
  return { wallTime: wallTime ?? timeOf(opaque.clusterTime), opaque };
}

export function fromPosition(position: StreamPosition): MongoPosition {
  return position.opaque as MongoPosition;
}

/** A timestamp's seconds as a date. */
export function timeOf(clusterTime: Timestamp): Date {
  return new Date(clusterTime.getHighBitsUnsigned() * 1000);
}

/**
 * The cluster time written into a resume token, or null if it isn't laid out as every server so far has
 * done: hex, a type byte `82`, four bytes of seconds, four of increment. Officially a token is opaque;
 * this is read only where the stream gives no cluster time otherwise, on an empty batch.
 */
export function clusterTimeOfToken(token: unknown): Timestamp | null {
  const data: unknown = (token as { readonly _data?: unknown } | null)?._data;
  if (typeof data !== 'string') return null;
  const parts = /^82([0-9a-f]{8})([0-9a-f]{8})/i.exec(data);
  if (parts?.[1] === undefined || parts[2] === undefined) return null;
  return new Timestamp({ t: Number.parseInt(parts[1], 16), i: Number.parseInt(parts[2], 16) });
}

/** Where a stream is opened. @param replay at the time of the position, seeing it again */
export function startOf(
  position: StreamPosition,
  replay: boolean,
): Readonly<{ startAfter: unknown }> | Readonly<{ startAtOperationTime: Timestamp }> {
  const { token, clusterTime } = fromPosition(position);
  return token === null || replay ? { startAtOperationTime: clusterTime } : { startAfter: token };
}
