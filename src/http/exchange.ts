import { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Request } from 'got';
import type { AttemptError } from '../domain/attempt.ts';
import { onAbort } from '../runtime/abort.ts';
import { attemptErrorOf } from './attemptError.ts';
import { connectionOf } from './connection.ts';
import { readOddAnswer } from './oddAnswer.ts';
import { readOddHead, type OddHead } from './oddHead.ts';
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
 * away what it had not passed on. An answer that Node's parser refuses is read on by ourselves.
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
    let native: ClientRequest | null = null;
    let closeOdd: (() => void) | null = null;
    let isOver = false;

    const stop = (): BodyRead => {
      isOver = true;
      endTimeLimits();
      forgetAbort();
      return body?.stop() ?? nothing;
    };
    const close = (): void => {
      request.destroy();
      closeOdd?.();
    };
    const end = (fault: AttemptError | null): void => {
      if (isOver) return;
      if (fault !== null && statusCode === null) takeHead(headSoFar(native));
      const { bytes, truncated } = stop();
      if (fault !== null || truncated) close();
      resolve({ statusCode, headers, bytes, truncated, fault });
    };
    const takeHead = (head: OddHead | null): void => {
      if (head !== null) ({ statusCode, headers } = head);
    };
    const endTimeLimits = limitTime(request, limits, end);
    const forgetAbort = onAbort(signal, (reason) => {
      stop();
      close();
      reject(reason);
    });

    const onEnd = (): void => end(null);
    const onFault = (error: unknown): void => {
      if (closeOdd !== null) return;
      // What follows a whole message (stray bytes, a reset) is no fault of this response.
      if (body?.hasArrived() === true) end(null);
      else {
        const responseBegan = statusCode !== null || headSoFar(native) !== null;
        end(attemptErrorOf(error, { responseBegan }));
      }
    };
    const onRefused = (socket: Duplex | null): void => {
      const connection = connectionOf(socket);
      if (isOver || statusCode !== null || connection === undefined) return;
      const endOdd = (): void => end('response_invalid');
      closeOdd = connection.close;
      closeOdd = readOddAnswer(connection, {
        onHead(head, rest) {
          takeHead(head);
          const encoded = Object.assign(rest, { headers: head.headers });
          body = readBody(encoded, limits.responseLimitBytes, { onEnd: endOdd, onFault: endOdd });
        },
        onNoBody(head) {
          takeHead(head);
          endOdd();
        },
      });
    };
    request.on('error', onFault);
    request.once('request', (made: ClientRequest) => {
      native = made;
      boundInterimAnswers(made, () => end('response_invalid'));
      made.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code?.startsWith('HPE_') === true) onRefused(made.socket);
      });
    });
    onStatus(request, (status, response) => {
      statusCode = status;
      headers = response?.headers ?? {};
      if (response === null) end('response_invalid');
      else body = readBody(response, limits.responseLimitBytes, { onEnd, onFault });
    });
  });
}

/** What can be read of the answer to a call that has none by Node's account. */
function headSoFar(native: ClientRequest | null): OddHead | null {
  const connection = connectionOf(native?.socket ?? null);
  return connection === undefined ? null : readOddHead(connection.answerSoFar());
}

/** Of 1xx answers before the one that counts. A flood of them would keep this process busy for the whole attempt. */
const INTERIM_AT_MOST = 100;

function boundInterimAnswers(native: ClientRequest, onTooMany: () => void): void {
  let count = 0;
  native.on('information', () => {
    count += 1;
    if (count > INTERIM_AT_MOST) onTooMany();
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
