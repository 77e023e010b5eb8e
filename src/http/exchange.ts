import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Request } from 'got';
import type { AttemptError } from '../domain/attempt.ts';
import { abortReason } from '../runtime/abort.ts';
import { attemptErrorOf } from './attemptError.ts';
import { readBody, type ResponseBody } from './responseBody.ts';
import { limitTime, type TimeLimits } from './timeLimits.ts';

export interface ExchangeLimits extends TimeLimits {
  /** Of the decoded body. */
  readonly responseLimitBytes: number;
}

/** What came back, as far as it came. */
export interface Exchange {
  /** Null when there was no status line. */
  readonly statusCode: number | null;
  readonly bytes: Buffer;
  readonly truncated: boolean;
  readonly fault: AttemptError | null;
}

/**
 * Follows a POST that was just started to its end, the first of: the response is complete, it goes beyond
 * the limit, something fails, a time is up. The connection is closed unless the response was complete.
 * Rejects only when `signal` is aborted, with its reason; the connection is closed then too.
 *
 * The body is read from the response that got announces, not from the got stream, which on a fault throws
 * away what it had not passed on.
 */
export async function exchange(
  request: Request,
  limits: ExchangeLimits,
  signal: AbortSignal,
): Promise<Exchange> {
  return await new Promise((resolve, reject) => {
    let statusCode: number | null = null;
    let body: ResponseBody | null = null;
    let isOver = false;

    const stopWatching = (): void => {
      isOver = true;
      endTimeLimits();
      signal.removeEventListener('abort', abort);
    };
    const end = (fault: AttemptError | null): void => {
      if (isOver) return;
      stopWatching();
      body?.stop();
      const truncated = body?.truncated ?? false;
      if (fault !== null || truncated) request.destroy();
      resolve({ statusCode, bytes: body?.bytes ?? Buffer.alloc(0), truncated, fault });
    };
    const abort = (): void => {
      stopWatching();
      body?.stop();
      request.destroy();
      reject(abortReason(signal));
    };

    const endTimeLimits = limitTime(request, limits, end);
    signal.addEventListener('abort', abort);
    const fail = (error: unknown): void => {
      end(attemptErrorOf(error, { responseBegan: statusCode !== null }));
    };
    request.on('error', (error) => {
      // What follows a whole message (stray bytes, a reset) is no fault of this response.
      if (body?.hasArrived === true) end(null);
      else fail(error);
    });
    request.once('response', (response: IncomingMessage) => {
      statusCode = response.statusCode ?? null;
      // Where a 101 names no protocol Node takes it for an answer.
      if (statusCode === 101) end('response_invalid');
      else
        body = readBody(response, limits.responseLimitBytes, {
          onEnd: () => end(null),
          onFault: fail,
        });
    });
    // A 101 that does name one, with the socket handed over to us. Nobody asked for it.
    request.once('upgrade', (response: IncomingMessage, socket: Duplex) => {
      statusCode = response.statusCode ?? null;
      socket.destroy();
      end('response_invalid');
    });
  });
}
