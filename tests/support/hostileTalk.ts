import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** What the record must show of one call; the response only where it is named. */
export interface Expected {
  readonly state: 'delivered' | 'failed';
  readonly reason?: string;
  readonly statusCode: number | null;
  readonly error?: string;
  /** Its SHA-256 where it is long. */
  readonly response?: string | null;
  readonly responseTruncated?: true;
  readonly responseEncoding?: 'base64';
}

export interface Hostile {
  readonly what: string;
  readonly expected: Expected;
  answer(socket: Socket): void;
}

const LIMIT = 16_384;
export const head = (headers: string, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\n${headers}\r\n\r\n`;

export const delivered = (response: string | null, more: Partial<Expected> = {}): Expected => ({
  state: 'delivered',
  statusCode: 200,
  response,
  ...more,
});
export const failed = (error: string, statusCode: number | null = null): Expected => ({
  state: 'failed',
  reason: 'attempts_exhausted',
  statusCode,
  error,
});
export const refused = (statusCode: number): Expected => ({
  state: 'failed',
  reason: 'attempts_exhausted',
  statusCode,
});
export const cut = (text: string): Partial<Expected> & { response: string } => ({
  response: text.repeat(LIMIT / text.length),
  responseTruncated: true,
});

export const million = Buffer.alloc(1_000_000, 'z');
/** A hundred megabytes in a tenth of one. Made beforehand, as all of them: who answers must not make others wait. */
export const gzipBomb = gzipSync(Buffer.alloc(100_000_000, 'z'));
export const brotliBomb = brotliCompressSync(million);
export const deflateBomb = deflateSync(million);

/** Writes for as long as it is read. */
export function pour(socket: Socket, chunk: Buffer | string): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', write);
  write();
}

export function drip(socket: Socket, text: string, everyMs = 500): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.once('close', () => clearInterval(timer));
}

export function send(socket: Socket, ...parts: readonly (string | Buffer)[]): void {
  for (const part of parts) socket.write(part);
}
