import { once } from 'node:events';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { resetSocket } from './resetSocket.ts';

/** How a receiver answers one request. `{}` is `200 ok`. */
export interface Answer {
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Before the status line. */
  readonly delayMs?: number;
  readonly fault?: Fault;
}

type Fault =
  /** Takes the request and never says anything. */
  | 'hangAtHeaders'
  /** Status line, headers, `body`, and then nothing more, with the connection open. */
  | 'hangMidBody'
  /** Resets the connection instead of answering. */
  | 'reset'
  /** Status line, headers, `body`, and then a reset although more was promised. */
  | 'cutMidBody'
  /** Repeats `body` for as long as somebody reads. */
  | 'endlessBody'
  /** Sends `body` as it is, in place of an HTTP answer. */
  | 'notHttp';

export function redirectTo(location: string, status = 302): Answer {
  return { status, headers: { location } };
}

/** Rejects when `closing` is aborted during the delay. */
export async function give(
  answer: Answer,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const { status = 200, headers = {}, body = 'ok', delayMs = 0, fault } = answer;
  const { socket } = response;
  if (delayMs > 0) await wait(delayMs, undefined, { signal: closing });
  switch (fault) {
    case undefined:
      response.writeHead(status, headers).end(body);
      return;
    case 'hangAtHeaders':
      return;
    case 'reset':
      if (socket !== null) resetSocket(socket);
      return;
    case 'hangMidBody':
      response.writeHead(status, headers).write(body);
      return;
    case 'cutMidBody':
      await new Promise<void>((resolve) => {
        response.writeHead(status, headers).write(body, () => resolve());
      });
      socket?.destroy();
      return;
    case 'endlessBody':
      response.writeHead(status, headers);
      await repeat(body, response, closing);
      return;
    case 'notHttp':
      socket?.end(body);
      return;
  }
}

async function repeat(
  body: string | Buffer,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const ended = AbortSignal.any([closing, whenClosed(response)]);
  while (!ended.aborted) {
    if (!response.write(body)) await once(response, 'drain', { signal: ended });
    else await new Promise(setImmediate);
  }
}

function whenClosed(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}
