import { Buffer } from 'node:buffer';
import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Request } from 'got';
import type { AttemptError } from '../domain/attempt.ts';
import { abortReason } from '../runtime/abort.ts';
import { attemptErrorOf } from './attemptError.ts';
import type { ReadBody } from './responseContent.ts';

export interface ExchangeLimits {
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly responseLimitBytes: number;
}

/** What came back, as far as it came. */
export interface Exchange {
  /** Null when there was no status line. */
  readonly statusCode: number | null;
  readonly body: ReadBody;
  readonly fault: AttemptError | null;
}

/**
 * Follows a POST that was just started to its end, which is the first of: the response is complete, it is
 * longer than the limit, something failed, a time is up. Ends the connection unless the response was
 * complete. Rejects only when `signal` is aborted.
 *
 * It has its own two timers because got's bound DNS, TCP and TLS one by one, and it reads the response
 * got announces rather than the got stream, which on a fault drops what it had not passed on yet.
 */
export async function exchange(
  request: Request,
  limits: ExchangeLimits,
  signal: AbortSignal,
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined
