import type { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAnswerBytes, type AnswerEnd } from './answerBytes.ts';

/** One connection, which serves one call after the other. */
export interface Connection {
  readonly openedAtMs: number;
  /** Hands it to a call, which Node then makes. */
  serve(request: ClientRequest): void;
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

/** @param socket connected or connecting */
export function createConnection(
  socket: Duplex,
  openedAtMs: number,
  listener: ConnectionListener,
): Connection {
  const bytes = createAnswerBytes();
  let isServing = false;
  let response: IncomingMessage | null = null;

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
  });
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
    listener.onClose();
  });

  return {
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
    isOpen: () => !socket.destroyed && socket.writable && !socket.readableEnded,
    close: () => void socket.destroy(),
  };
}

function keepAliveOf(header: string | readonly string[] | undefined): number | null {
  const seconds = /\btimeout=(\d+)/i.exec(String(header))?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}
