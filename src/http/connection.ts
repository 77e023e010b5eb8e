import type { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type AnswerEnd, createAnswerBytes } from './answerBytes.ts';

/** One connection, which serves one call after the other. */
export interface Connection {
  readonly openedAtMs: number;
  /** Hands it to a call, which Node then makes. */
  serve(request: ClientRequest): void;
  /** The bytes since the call began, until its answer's head was read. */
  answerSoFar(): Buffer;
  /**
   * Takes it from the call it serves. To be called on the error with which Node abandons the call, so that Node does not
   * close it.
   */
  takeOver(listener: { onData(chunk: Buffer): void; onClose(): void }): void;
  pause(): void;
  resume(): void;
  /** Neither side has closed it. */
  isOpen(): boolean;
  close(): void;
}

/** How the call ended that a connection served; null if it was not made. */
export type ServedCall = Readonly<{
  statusCode: number;
  end: AnswerEnd;
  /** Of its `Keep-Alive` header; null if it has none. */
  keepAliveMs: number | null;
}> | null;

export interface ConnectionListener {
  /** The call is over, and Node would reuse the connection. */
  onFree(served: ServedCall): void;
  /** The answer has ended, but Node does not know yet that the call was written; `onFree` follows. */
  onAnsweredEarly(): void;
  /** More came than belongs to an answer. */
  onTooMuch(): void;
  onClose(): void;
}

const connections = new WeakMap<Duplex, Connection>();

/** The connection of a socket. */
export function connectionOf(socket: Duplex | null): Connection | undefined {
  return socket === null ? undefined : connections.get(socket);
}

/** @param socket connected or connecting */
export function createConnection(
  socket: Duplex,
  openedAtMs: number,
  listener: ConnectionListener,
): Connection {
  const bytes = createAnswerBytes();
  let isServing = false;
  let response: IncomingMessage | null = null;
  let taken: Parameters<Connection['takeOver']>[0] | null = null;
  const destroy = socket.destroy.bind(socket);

  const served = (): ServedCall => {
    if (response === null) return null;
    const { statusCode = 0, headers } = response;
    return {
      statusCode,
      end: bytes.end(response),
      keepAliveMs: keepAliveOf(headers['keep-alive']),
    };
  };
  /** Otherwise an unused connection would keep its whole last call, as Node's agents do. */
  const forget = (): void => {
    response = null;
    bytes.clear();
    Object.assign(socket, { _httpMessage: null });
  };
  // Before Node's own listener, which may close the connection; and without starting the stream.
  socket.prependListener('data', (chunk: Buffer) => {
    if (isServing) bytes.add(chunk);
    else listener.onTooMuch();
    taken?.onData(chunk);
    // The parser would skip blank lines without end.
    if (taken === null && bytes.isTooLong()) destroy(new HeadTooLong());
  });
  // Node destroys the socket when its parser refuses an answer, and reports that afterwards: the destruction waits for
  // the report. But not on an error of the connection itself, nor before an answer has begun: a receiver whose
  // certificate is refused must get nothing more.
  socket.destroy = (error) => {
    const mayBeRefused = isServing && response === null && taken === null && !bytes.isEmpty();
    if (!mayBeRefused || Error.isError(error)) return destroy(error);
    process.nextTick(() => {
      if (taken === null) destroy(error);
    });
    return socket;
  };
  socket.on('error', () => undefined);
  socket.on('free', () => {
    isServing = false;
    const call = socket.destroyed ? undefined : served();
    forget();
    if (call !== undefined) listener.onFree(call);
  });
  socket.once('close', () => {
    if (isServing && response?.complete === true && bytes.end(response) === 'later') {
      listener.onTooMuch();
    }
    taken?.onClose();
    listener.onClose();
  });

  const connection: Connection = {
    openedAtMs,
    serve(request) {
      bytes.clear();
      isServing = true;
      response = null;
      request.once('response', (message) => {
        response = message;
        bytes.headWasRead();
        message.once('end', () => {
          if (!request.writableFinished) listener.onAnsweredEarly();
        });
      });
      // As an agent does; its type allows only a `Socket`.
      request.onSocket(socket as Parameters<ClientRequest['onSocket']>[0]);
    },
    answerSoFar: bytes.untilHead,
    takeOver(by) {
      taken = by;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    isOpen: () => !socket.destroyed && socket.writable && !socket.readableEnded,
    close: () => void destroy(),
  };
  connections.set(socket, connection);
  return connection;
}

class HeadTooLong extends Error {
  override readonly name = 'HeadTooLong';
  /** The parser's own. */
  readonly code = 'HPE_HEADER_OVERFLOW';
}

function keepAliveOf(header: string | readonly string[] | undefined): number | null {
  const seconds = /\btimeout=(\d+)/i.exec(String(header))?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

const IDLE_CHECK_MS = 250;

export type IdleConnections = ReturnType<typeof createIdleConnections>;

/**
 * The connections of all endpoints that serve no call. One timer for all: setting and clearing a timer for every call
 * costs more than the rest of this.
 */
export function createIdleConnections(atMost: number, clock: () => number) {
  const untilByConnection = new Map<Connection, number>();
  let timer: NodeJS.Timeout | undefined;

  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const check = (): void => {
    const now = clock();
    for (const [connection, until] of untilByConnection) if (until <= now) connection.close();
    if (untilByConnection.size === 0) stop();
  };
  return {
    /** Closes it when the time is over, or when too many others became idle later. */
    add(connection: Connection, untilMs: number): void {
      untilByConnection.set(connection, untilMs);
      timer ??= setInterval(check, IDLE_CHECK_MS);
      if (untilByConnection.size <= atMost) return;
      const [oldest] = untilByConnection.keys();
      oldest?.close();
    },
    /** It serves a call or is closed. */
    remove: (connection: Connection): boolean => untilByConnection.delete(connection),
    isExpired: (connection: Connection, nowMs: number): boolean =>
      (untilByConnection.get(connection) ?? 0) <= nowMs,
    close: stop,
  };
}
