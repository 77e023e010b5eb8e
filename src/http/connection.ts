import type { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { isError } from '../runtime/errors.ts';
import { createAnswerBytes, type AnswerEnd } from './answerBytes.ts';

/** One connection, which serves one call after the other. */
export interface Connection {
  readonly openedAtMs: number;
  /** Hands it to a call, which Node then makes. */
  serve(request: ClientRequest): void;
  /** What came since the call began, until its answer's head was read. */
  answerSoFar(): Buffer;
  /**
   * Takes it from the call it serves. In answer to the error with which Node gives the call up, so that Node does not
   * close it.
   */
  takeOver(listener: { onData(chunk: Buffer): void; onClose(): void }): void;
  pause(): void;
  resume(): void;
  /** Neither side has ended it. */
  isOpen(): boolean;
  close(): void;
}

/** How the call ended that a connection served; null when it was not made after all. */
export type ServedCall = Readonly<{
  statusCode: number;
  end: AnswerEnd;
  /** Of its `Keep-Alive` header; null when it says nothing. */
  keepAliveMs: number | null;
}> | null;

export interface ConnectionListener {
  /** The call is over, and Node would use the connection again. */
  onFree(served: ServedCall): void;
  /** The answer has ended, but Node does not know yet whether the call was written: then `onFree` follows. */
  onAnsweredEarly(): void;
  /** More came than belongs to an answer. */
  onTooMuch(): void;
  onClose(): void;
}

const connections = new WeakMap<Duplex, Connection>();

/** The connection that a socket is of. */
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
  // Before Node's own listener, which may end the connection over what comes; and it must not set the stream going.
  socket.prependListener('data', (chunk: Buffer) => {
    if (isServing) bytes.add(chunk);
    else listener.onTooMuch();
    taken?.onData(chunk);
    // The parser would skip blank lines for as long as they come.
    if (taken === null && bytes.isTooLong()) destroy(new HeadTooLong());
  });
  // Node destroys it over an answer that its parser refuses, and then says so: until that was heard, it waits. But
  // not for an error of the connection itself, nor before there is anything of an answer: a receiver whose certificate
  // is refused must get nothing more.
  socket.destroy = (error) => {
    const mayBeRefused = isServing && response === null && taken === null && !bytes.isEmpty();
    if (!mayBeRefused || isError(error)) return destroy(error);
    process.nextTick(() => {
      if (taken === null) destroy(error);
    });
    return socket;
  };
  socket.on('error', () => undefined);
  socket.on('free', () => {
    isServing = false;
    if (socket.destroyed) return;
    const call = served();
    listener.onFree(call);
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
      // As an agent does; the types know it for sockets alone.
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
