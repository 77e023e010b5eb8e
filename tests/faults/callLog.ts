import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { buffer as readAll } from 'node:stream/consumers';
import { give, type Answer } from '../support/answer.ts';
import { listenLocally } from '../support/listenLocally.ts';

/** One call as the receiver saw it. Times are those of `performance.now()`. */
export interface Call {
  readonly notificationId: string;
  readonly attempt: number;
  readonly path: string;
  readonly beganAt: number;
  /** When the answer had been sent or the connection was gone; null while neither. */
  endedAt: number | null;
  /** A 2xx, handed to the network to its last byte. */
  isDelivery: boolean;
}

/** A customer's side: counts calls by notification, and knows which answers were sent completely. */
export interface CallLog {
  readonly calls: readonly Call[];
  /** When each notification was first delivered. */
  readonly deliveredAt: ReadonlyMap<string, number>;
  /** Calls for one status of an SMS that came while one for another status of it was open. */
  readonly meetings: readonly string[];
  url(path: string): string;
  /** How a path is answered from now on; elsewhere it is `200 ok` after a moment. */
  answer(path: string, script: (call: Call) => Answer): void;
  /** Resolves in the moment that the next delivery's answer has been sent. */
  nextDelivery(): Promise<void>;
  close(): Promise<void>;
}

export async function startCallLog(ordinary: () => Answer): Promise<CallLog> {
  const calls: Call[] = [];
  const deliveredAt = new Map<string, number>();
  const meetings: string[] = [];
  const open = new Map<string, Call>();
  const scripts = new Map<string, (call: Call) => Answer>();
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  let onDelivery: (() => void)[] = [];

  const begin = (request: IncomingMessage): Call => {
    const { headers, url = '' } = request;
    const notificationId = String(headers['webhook-id']);
    const attempt = Number(headers['webhook-attempt']);
    const beganAt = performance.now();
    const path = url.split('?')[0] ?? '';
    const call = { notificationId, attempt, path, beganAt, endedAt: null, isDelivery: false };
    const sms = smsOf(notificationId);
    const other = open.get(sms);
    if (other !== undefined && other.notificationId !== notificationId) {
      meetings.push(notificationId);
    }
    open.set(sms, call);
    calls.push(call);
    return call;
  };
  const end = (call: Call, isDelivery: boolean): void => {
    if (call.endedAt !== null) return;
    call.endedAt = performance.now();
    call.isDelivery = isDelivery;
    const sms = smsOf(call.notificationId);
    if (open.get(sms) === call) open.delete(sms);
    if (!isDelivery) return;
    if (!deliveredAt.has(call.notificationId)) deliveredAt.set(call.notificationId, call.endedAt);
    const waiting = onDelivery;
    onDelivery = [];
    for (const resolve of waiting) resolve();
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = begin(request);
    response.once('finish', () => {
      end(call, response.statusCode >= 200 && response.statusCode <= 299);
    });
    response.once('close', () => end(call, false));
    await readAll(request);
    await give((scripts.get(call.path) ?? ordinary)(call), response, closing.signal);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const port = await listenLocally(server);

  return {
    calls,
    deliveredAt,
    meetings,
    url: (path) => `http://127.0.0.1:${port}${path}`,
    answer: (path, script) => void scripts.set(path, script),
    nextDelivery: async () => await new Promise((resolve) => onDelivery.push(resolve)),
    async close() {
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function smsOf(notificationId: string): string {
  return notificationId.slice(0, notificationId.indexOf(':'));
}
