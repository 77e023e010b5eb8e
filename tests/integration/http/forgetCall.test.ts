import { afterEach, describe, expect, it } from '@jest/globals';
import type { ClientRequest } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Request } from 'got';
import { createConnectionPool } from '../../../src/http/connectionPool.ts';
import { createEgress } from '../../../src/http/egress.ts';
import { exchange } from '../../../src/http/exchange.ts';
import { createWebhookClient } from '../../../src/http/webhookClient.ts';
import { roomForAll } from '../../../src/runtime/readingRoom.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';
import { body, webhookAt } from './calling.ts';

const limits = {
  requestTimeoutMs: 5_000,
  connectTimeoutMs: 5_000,
  responseLimitBytes: 16_384,
  connectionMaxAgeMs: 60_000,
};
let closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

async function start() {
  const receiver: Receiver = await startReceiver();
  const egress = createEgress({ allowedRanges: ['127.0.0.0/8'], proxy: null }, limits);
  const pool = createConnectionPool({ ...limits, maxInFlight: 8, egress });
  closing.push(receiver.close, pool.close);
  return { receiver, post: createWebhookClient(pool, 'tests') };
}

/** What a request still refers to, but for the states of its stream. */
function kept(request: Request): readonly string[] {
  const fields = Object.entries(request).filter(([, value]) => value !== undefined);
  return fields.map(([name]) => name).filter((name) => !name.endsWith('State'));
}

describe('a request of got', () => {
  it.each([
    ['a plain answer', {}],
    ['a compressed one', { 'content-encoding': 'gzip' }],
    ['the last on its connection', { connection: 'close' }],
  ])('refers to nothing of its call once it has ended well: %s', async (_, headers) => {
    const { receiver, post } = await start();
    const compressed = 'content-encoding' in headers;
    const text = 'thanks';
    receiver.answer('/', {
      status: 200,
      headers,
      body: compressed ? gzipSync(text) : text,
    });
    const request = post(webhookAt(receiver.url('/')), {}, body);
    let native: ClientRequest | null = null;
    request.once('request', (made: ClientRequest) => (native = made));
    const by = { onAbort: () => () => undefined, share: roomForAll };
    const { bytes, fault } = await exchange(request, limits, by);
    expect([String(bytes), fault]).toEqual([text, null]);
    await until('it has let go', () => kept(request).length === 0);
    const late = native as ClientRequest | null;
    expect(() => late?.emit('error', new Error('late'))).not.toThrow();
  });

  it('keeps what it is until its failure was dealt with', async () => {
    const { receiver, post } = await start();
    receiver.answer('/', { status: 200, fault: 'cutMidBody' });
    const request = post(webhookAt(receiver.url('/')), {}, body);
    const by = { onAbort: () => () => undefined, share: roomForAll };
    expect(await exchange(request, limits, by)).toMatchObject({ fault: expect.any(String) });
    await turn();
    await turn();
    expect(kept(request)).toContain('options');
  });
});
