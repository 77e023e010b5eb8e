import { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Request } from 'got';
import type { AttemptError } from '../domain/attempt.ts';
import type { Share } from '../runtime/readingRoom.ts';
import { attemptErrorOf } from './errors.ts';
import { connectionOf } from './connection.ts';
import { forgetCall } from './forgetCall.ts';
import { type OddHead, readOddAnswer, readOddHead } from './oddAnswer.ts';
import { type BodyRead, readBody, type ResponseBody } from './responseBody.ts';

export interface ExchangeLimits {
  /** From now to the last byte of the body. */
  readonly requestTimeoutMs: number;
  /** To have a writable connection: DNS, TCP on all addresses, and TLS. */
  readonly connectTimeoutMs: number;
  /** Of the decoded body. */
  readonly responseLimitBytes: number;
}

/** The answer, as far as it came. */
export interface Exchange extends BodyRead {
  /** Null when there was no status line. */
  readonly statusCode: number | null;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly fault: AttemptError | null;
}

/** Registers a listener for an abort. The returned function removes it. */
export type OnAbort = (listener: (reason: Error) => void) => () => void;

const nothing: BodyRead = { bytes: Buffer.alloc(0), truncated: false };

/**
 * Follows a POST that was just started to its end: the response is complete, larger than the limit or than the room for
 * it, something fails, or a timeout is over. The connection is closed unless the response was complete. Rejects only on an
 * abort, with its reason; the connection is closed then too.
 *
 * The body is read from the response that got announces, not from the got stream, which on a fault drops what it had not
 * passed on. If Node's parser refuses an answer, it is read further here.
 */
export function exchange(
  request: Request,
  limits: ExchangeLimits,
  { onAbort, share }: Readonly<{ onAbort: OnAbort; share: Share }>,
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
      else forgetOnceClosed();
      resolve({ statusCode, headers, bytes, truncated, fault });
    };
    const forgetOnceClosed = (): void => {
      const made = native;
      if (made === null || closeOdd !== null) return;
      // After the other listeners for its last events.
      const forget = (): void => void setImmediate(forgetCall, request, made);
      if (made.closed) forget();
      else made.once('close', forget);
    };
    const takeHead = (head: OddHead | null): void => {
      if (head !== null) ({ statusCode, headers } = head);
    };
    // A wait for room here is not the receiver's fault.
    const endTimeLimits = limitTime(request, limits, (fault) => {
      const isOurs = body?.isHeldUp() === true && closeOdd === null;
      end(isOurs ? null : fault);
    });
    const reading = { limitBytes: limits.responseLimitBytes, share };
    const forgetAbort = onAbort((reason) => {
      stop();
      close();
      reject(reason);
    });

    const onEnd = (): void => end(null);
    const onFault = (error: unknown): void => {
      if (closeOdd !== null) return;
      // What follows a complete message (stray bytes, a reset) is not a fault of this response.
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
          body = readBody(encoded, reading, { onEnd: endOdd, onFault: endOdd });
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
      else body = readBody(response, reading, { onEnd, onFault });
    });
  });
}

/** What can be read of an answer that Node has not reported. */
function headSoFar(native: ClientRequest | null): OddHead | null {
  const connection = connectionOf(native?.socket ?? null);
  return connection === undefined ? null : readOddHead(connection.answerSoFar());
}

/** Of 1xx answers before the final one. A flood of them would keep this process busy for the whole attempt. */
const INTERIM_AT_MOST = 100;

function boundInterimAnswers(native: ClientRequest, onTooMany: () => void): void {
  let count = 0;
  native.on('information', () => {
    count += 1;
    if (count > INTERIM_AT_MOST) onTooMany();
  });
}

/** Calls back with the status, and the response unless it is a 101, which was not requested. */
function onStatus(
  request: Request,
  callback: (statusCode: number | null, response: IncomingMessage | null) => void,
): void {
  request.once('response', (response: IncomingMessage) => {
    callback(response.statusCode ?? null, response.statusCode === 101 ? null : response);
  });
  // A 101 that names a protocol comes here; the socket must then be closed here.
  request.once('upgrade', (response: IncomingMessage, socket: Duplex) => {
    socket.destroy();
    callback(response.statusCode ?? null, null);
  });
}

/**
 * Limits the time of one request; the function it returns stops the timers. got's own timers limit DNS, TCP and TLS
 * separately, so that connecting may take three times its limit.
 */
function limitTime(
  request: Request,
  { requestTimeoutMs, connectTimeoutMs }: ExchangeLimits,
  onTimeout: (error: 'timeout' | 'timeout_connect') => void,
): () => void {
  // Through a proxy the socket comes when it is connected.
  let isConnecting = true;
  let connectTimer: NodeJS.Timeout | undefined;
  // After a pause of the process (or a long task) timers run first and would fail calls whose answer is already
  // in the socket: that is read before the immediate.
  const requestTimer = setTimeout(() => {
    setImmediate(() => {
      onTimeout(isConnecting ? 'timeout_connect' : 'timeout');
    });
  }, requestTimeoutMs);

  request.once('socket', (socket: Socket) => {
    isConnecting = socket.connecting;
    if (!isConnecting) return;
    connectTimer = setTimeout(() => {
      setImmediate(() => {
        if (isConnecting) onTimeout('timeout_connect');
      });
    }, connectTimeoutMs);
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      isConnecting = false;
      clearTimeout(connectTimer);
    });
  });

  return () => {
    clearTimeout(requestTimer);
    clearTimeout(connectTimer);
  };
}
