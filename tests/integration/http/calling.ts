import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import type { Webhook } from '../../../src/domain/route.ts';
import {
  createThreadedSender,
  type ThreadedSenderOptions,
} from '../../../src/http/threads/threadedSender.ts';
import type { WebhookSender } from '../../../src/ports/notify.ts';
import { createWebhookSender } from '../../../src/http/webhookSender.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { roomForAll, type Share } from '../../../src/runtime/readingRoom.ts';
import { createRecordingMetrics } from '../../support/recorders.ts';
import { listenLocally } from '../../support/listenLocally.ts';

export const body = Buffer.from('{"phonon-uuid":"bd706f90","smsDetails":[{"text":"फोनन में …"}]}');
export const notificationId = '290a4138-5729-475f-95e1-9ff30f851d67:DELIVERED';

export function webhookAt(url: string, changes: Partial<Webhook> = {}): Webhook {
  return {
    webhookId: 'w1',
    url: new URL(url),
    headers: {},
    signingKeys: [],
    displayUrl: url,
    endpointKey: url,
    ...changes,
  };
}

export interface Caller {
  call(
    webhook: Webhook | string,
    signal?: AbortSignal,
    sent?: Uint8Array,
    share?: Share,
    mayBegin?: () => boolean,
    traceparent?: string,
  ): Promise<AttemptOutcome>;
  close(): Promise<void>;
}

/** Worker threads that make the calls of these tests; 0 for none. */
const testThreads = Number(process.env['TEST_HTTP_THREADS'] ?? '0');

export function createCaller(changes: Partial<ThreadedSenderOptions> = {}): Caller {
  const options: ThreadedSenderOptions = {
    requestTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
    responseLimitBytes: 16_384,
    maxInFlight: 32,
    connectionMaxAgeMs: 60_000,
    userAgent: 'notify-on-delivery/1.2.3',
    egress: { allowedRanges: ['127.0.0.0/8', '::1'], proxy: null },
    clock: { now: () => new Date() },
    threads: testThreads,
    handOverMs: 3_000,
    logger: silentLogger,
    metrics: createRecordingMetrics(),
    ...changes,
  };
  const sender: WebhookSender & { close(): void | Promise<void> } =
    options.threads === 0 ? createWebhookSender(options) : createThreadedSender(options);
  return {
    call: async (
      webhook,
      signal = new AbortController().signal,
      sent = body,
      share = roomForAll,
      mayBegin = () => true,
      traceparent,
    ) =>
      await sender.send(
        {
          webhook: typeof webhook === 'string' ? webhookAt(webhook) : webhook,
          body: sent,
          notificationId,
          number: 3,
          traceparent,
        },
        signal,
        share,
        mayBegin,
      ),
    close: async () => await sender.close(),
  };
}

/** A server that speaks by hand: `answer` gets the socket of every request it has read in full. */
export interface RawServer {
  readonly url: string;
  readonly port: number;
  requests(): number;
  connections(): number;
  openSockets(): ReadonlySet<Socket>;
  close(): Promise<void>;
}

export async function startRawServer(
  answer: (socket: Socket, requestNumber: number, path: string) => void,
): Promise<RawServer> {
  const open = new Set<Socket>();
  let connections = 0;
  let requests = 0;
  const server = createServer((socket) => {
    connections += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => {});
    let read = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      read = Buffer.concat([read, chunk]);
      if (!isWhole(read)) return;
      const path = read.toString('latin1').split(' ', 2)[1] ?? '';
      read = Buffer.alloc(0);
      requests += 1;
      answer(socket, requests, path);
    });
  });
  const port = await listenLocally(server);
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    requests: () => requests,
    connections: () => connections,
    openSockets: () => open,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function isWhole(request: Buffer): boolean {
  const end = request.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(request.toString('latin1', 0, end))?.[1];
  return end !== -1 && request.length >= end + 4 + Number(length);
}

/** Closes after each test what the test opened, newest first. */
export function closing(): <T extends { close(): unknown }>(opened: T) => T {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (let last = open.pop(); last !== undefined; last = open.pop()) await last.close();
  });
  return (opened) => {
    open.push(opened);
    return opened;
  };
}

/** For what is always tested in both forms. */
export const bothForms: readonly (readonly [form: string, make: typeof createCaller])[] = [
  ['the main thread', (changes) => createCaller({ threads: 0, ...changes })],
  ['a thread', (changes) => createCaller({ threads: 1, ...changes })],
];
