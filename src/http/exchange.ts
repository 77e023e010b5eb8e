import { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Request } from 'got';
import type { AttemptError } from '../domain/attempt.ts';
import { onAbort } from '../runtime/abort.ts';
import { attemptErrorOf } from './attemptError.ts';
import { readBody, type BodyRead, type ResponseBody } from './responseBody.ts';
import { limitTime, type TimeLimits } from './timeLimits.ts';

export interface ExchangeLimits extends TimeLimits {
  /** Of the decoded body. */
  readonly responseLimitBytes: number;
}

/** What came back, as far as it came. */
export interface Exchange extends BodyRead {
  /** Null when there was no status line. */
  readonly statusCode: number | null;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly fault: AttemptError | null;
}

const nothing: BodyRead = { bytes: Buffer.alloc(0), truncated: false };

/**
 * Follows a POST that was just started to its end, the first of: the response is complete, there is more of
 * it than the limit, something fails, a time is up. The connection is closed unless the response was
 * complete. Rejects only on an abort, with its reason; the connection is closed then too.
 *
 * The body is read from the response that got announces, not from the got stream, which on a fault throws
 * away what it had not passed on.
 */
export function exchange(
  request: Request,
  limits: ExchangeLimits,
  signal: AbortSignal,
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    let statusCode: number | null = null;
    let headers: IncomingHttpHeaders = {};
    let body: ResponseBody | null = null;
    let isOver = false;

    const stop = (): BodyRead => {
      isOver = true;
      endTimeLimits();
      forgetAbort();
      return body?.stop() ?? nothing;
    };
    const end = (fault: AttemptError | null): void => {
      if (isOver) return;
      const { bytes, truncated } = stop();
      if (fault !== null || truncated) request.destroy();
      resolve({ statusCode, headers, bytes, truncated, fault });
    };
    const endTimeLimits = limitTime(request, limits, end);
    const forgetAbort = onAbort(signal, (reason) => {
      stop();
      request.destroy();
      reject(reason);
    });

    const onEnd = (): void => end(null);
    const onFault = (error: unknown): void => {
      // What follows a whole message (stray bytes, a reset) is no fault of this response.
      if (body?.hasArrived() === true) end(null);
      else end(attemptErrorOf(error, { responseBegan: statusCode !== null }));
    };
    request.on('error', onFault);
    boundInterimAnswers(request, () => end('response_invalid'));
    onStatus(request, (status, response) => {
      statusCode = status;
      headers = response?.headers ?? {};
      if (response === null) end('response_invalid');
      else body = readBody(response, limits.responseLimitBytes, { onEnd, onFault });
    });
  });
}

/** Of 1xx answers before the one that counts. A flood of them would keep this process busy for the whole attempt. */
const INTERIM_AT_MOST = 100;

function boundInterimAnswers(request: Request, onTooMany: () => void): void {
  let count = 0;
  request.once('request', (native: ClientRequest) => {
    native.on('information', () => {
      count += 1;
      if (count > INTERIM_AT_MOST) onTooMany();
    });
  });
}

/** Calls back with the status, and the response unless it is a 101: nobody asked for that. */
function onStatus(
  request: Request,
  callback: (statusCode: number | null, response: IncomingMessage | null) => void,
): void {
  request.once('response', (response: IncomingMessage) => {
    callback(response.statusCode ?? null, response.statusCode === 101 ? null : response);
  });
  // A 101 comes here when it names a protocol; the socket is then ours to close.
  request.once('upgrade', (response: IncomingMessage, socket: Duplex) => {
    socket.destroy();
    callback(response.statusCode ?? null, null);
  });
}
