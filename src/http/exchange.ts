import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { Request, Response } from 'got';
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
      if (fault !== null) body?.takeArrived();
      const truncated = body?.truncated ?? false;
      if (fault !== null || truncated) request.destroy();
      resolve({ statusCode, bytes: body?.bytes ?? Buffer.alloc(0), truncated, fault });
    };
    const abort = (): void => {
      stopWatching();
      request.destroy();
      reject(abortReason(signal));
    };

    const endTimeLimits = limitTime(request, limits, end);
    signal.addEventListener('abort', abort);
    request.on('error', (error) => {
      // What follows a complete message (stray bytes, a reset) is no fault of this response.
      if (body?.complete === true) body.takeArrived();
      end(body?.complete === true ? null : attemptErrorOf(error, { responseBegan: body !== null }));
    });
    request.once('response', (response: Response) => {
      statusCode = response.statusCode;
      body = readBody(response, limits.responseLimitBytes, () => {
        end(null);
      });
    });
    // Only a 101 comes this way, with the socket handed over to us. Nobody asked for another protocol.
    request.once('upgrade', (response: Response, socket: Duplex) => {
      statusCode = response.statusCode;
      socket.destroy();
      end('response_invalid');
    });
  });
}
