import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { buffer as readAll } from 'node:stream/consumers';
import { give, type Answer } from './answer.ts';
import { listenLocally } from './listenLocally.ts';

/** A request whose body has arrived in full. */
interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as sent, in order. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly receivedAt: Date;
  /** The body as JSON; throws when it is none. */
  json(): unknown;
}

/** One answer for all, a list whose last entry repeats, or a function of the request. */
type Script = Answer | readonly Answer[] | ((request: ReceivedRequest) => Answer | Promise<Answer>);

export interface Receiver {
  readonly port: number;
  url(path?: string): string;
  /** Sets how a path (without query) is answered from now on; elsewhere it is `200 ok`. */
  answer(path: string, script: Script): void;
  /** What arrived, in order; of one path (without query) when given. */
  requests(path?: string): readonly ReceivedRequest[];
  openSockets(): number;
  /** Connections there ever were: how well they are reused. */
  acceptedSockets(): number;
  /** Also ends what is still being answered. */
  close(): Promise<void>;
}

/** A real server on a port of its own; with `tls` (key and certificate) an HTTPS one. */
export async function startReceiver(options: { tls?: ServerOptions } = {}): Promise<Receiver> {
  const { tls } = options;
  const received: ReceivedRequest[] = [];
  const scripts = new Map<string, (request: ReceivedRequest) => Answer | Promise<Answer>>();
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  let accepted = 0;

  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(message);
    received.push(request);
    const script = scripts.get(pathOf(request)) ?? ((): Answer => ({}));
    await give(await script(request), response, closing.signal);
  };
  server.on('request', (message, response) => {
    serve(message, response).catch(() => response.destroy());
  });
  const port = await listenLocally(server);

  return {
    port,
    url: (path = '/') => `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}${path}`,
    answer: (path, script) => void scripts.set(path, toFunction(script)),
    requests: (path) =>
      path === undefined ? [...received] : received.filter((request) => pathOf(request) === path),
    openSockets: () => sockets.size,
    acceptedSockets: () => accepted,
    async close() {
      if (!server.listening) return;
      closing.abort();
      const closed = [server, ...sockets].map((each) => once(each, 'close'));
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function toFunction(script: Script): (request: ReceivedRequest) => Answer | Promise<Answer> {
  if (typeof script === 'function') return script;
  const answers: readonly Answer[] = 'length' in script ? [...script] : [script];
  let given = 0;
  return () => {
    const answer = answers[Math.min(given, answers.length - 1)] ?? {};
    given += 1;
    return answer;
  };
}

async function readRequest(message: IncomingMessage): Promise<ReceivedRequest> {
  const receivedAt = new Date();
  const body = await readAll(message);
  return {
    method: message.method ?? '',
    path: message.url ?? '',
    headers: message.headers,
    rawHeaders: message.rawHeaders,
    body,
    receivedAt,
    json: () => JSON.parse(body.toString('utf8')) as unknown,
  };
}

function pathOf(request: ReceivedRequest): string {
  return request.path.split('?', 1)[0] ?? '';
}
