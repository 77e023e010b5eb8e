import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { createReadingRoom, type ReadingRoom } from '../../../src/runtime/readingRoom.ts';
import { startReceiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';
import { bothForms, closing, startRawServer } from './calling.ts';

const MB = 1024 * 1024;
const FREE = 64 * 1024;
const responseLimitBytes = MB;

const roomFor = (answers: number): ReadingRoom =>
  createReadingRoom({ limit: answers * MB, freeBytes: FREE, mostBytes: responseLimitBytes });

const lengthOf = (outcome: AttemptOutcome): number =>
  outcome.kind === 'answered' ? (outcome.response?.text.length ?? 0) : -1;
const large = 'x'.repeat(MB);

describe.each(bothForms)('a large answer to %s', (_form, createCaller) => {
  const opened = closing();

  it.each([
    ['plain', Buffer.from(large), {}],
    ['gzip', gzipSync(large), { 'content-encoding': 'gzip' }],
  ])('is read whole while there is room: %s', async (_what, body, headers) => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { body, headers });
    const { call } = opened(createCaller({ responseLimitBytes }));
    const room = roomFor(1);
    for (let calls = 0; calls < 3; calls += 1) {
      const share = room.open();
      const outcome = await call(receiver.url(), undefined, undefined, share);
      expect(outcome).toMatchObject({ error: null, response: { truncated: false } });
      expect(lengthOf(outcome)).toBe(MB);
      share.release();
    }
    await until('no connection is more than one', () => receiver.openSockets() === 1);
  });

  it('waits until another has been recorded, and is read whole then', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { body: large });
    const { call } = opened(createCaller({ responseLimitBytes }));
    const room = roomFor(1);
    const first = room.open();
    await call(receiver.url(), undefined, undefined, first);
    const second = call(receiver.url(), undefined, undefined, room.open());
    const early = await Promise.race([second, sleep(300)]);
    expect(early).toBeUndefined();
    first.release();
    expect(lengthOf(await second)).toBe(MB);
  });

  it.each([
    ['plain', Buffer.from(large), {}],
    ['gzip', gzipSync(large), { 'content-encoding': 'gzip' }],
  ])('is cut when there is none for long; the status counts: %s', async (_what, body, headers) => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { body, headers, status: 503 });
    const { call } = opened(createCaller({ responseLimitBytes }));
    const room = roomFor(1);
    await call(receiver.url(), undefined, undefined, room.open());
    const begunAt = performance.now();
    const outcome = await call(receiver.url(), undefined, undefined, room.open());
    console.log(
      `cut after ${(performance.now() - begunAt).toFixed(0)} ms: ${lengthOf(outcome)} bytes`,
    );
    expect(outcome).toMatchObject({
      statusCode: 503,
      error: null,
      response: { truncated: true },
    });
    expect(lengthOf(outcome)).toBeGreaterThan(0);
    expect(lengthOf(outcome)).toBeLessThan(3 * FREE);
  });

  it('is cut when the time of its attempt is up, which is no fault of the receiver', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { body: large });
    const { call } = opened(createCaller({ responseLimitBytes, requestTimeoutMs: 500 }));
    const room = roomFor(1);
    await call(receiver.url(), undefined, undefined, room.open());
    const outcome = await call(receiver.url(), undefined, undefined, room.open());
    expect(outcome).toMatchObject({
      statusCode: 200,
      error: null,
      response: { truncated: true },
    });
  });

  it('does not keep others waiting when it comes slowly', async () => {
    const slow = opened(
      await startRawServer((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${MB}\r\n\r\n${'x'.repeat(2 * FREE)}`);
        const dripping = setInterval(() => socket.write('x'), 50);
        socket.on('close', () => clearInterval(dripping));
      }),
    );
    const receiver = opened(await startReceiver());
    receiver.answer('/', { body: large });
    const { call } = opened(createCaller({ responseLimitBytes }));
    const room = roomFor(1);
    const share = room.open();
    const slowly = call(slow.url, undefined, undefined, share).finally(() => share.release());
    await sleep(300);
    const quick = await call(receiver.url(), undefined, undefined, room.open());
    expect(lengthOf(quick)).toBe(MB);
    expect(quick).toMatchObject({ response: { truncated: false } });
    expect(await slowly).toMatchObject({
      statusCode: 200,
      error: null,
      response: { truncated: true },
    });
  });

  it('keeps no small one waiting, however many have no room', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/large', { body: large });
    receiver.answer('/small', { body: 'x'.repeat(FREE / 2) });
    const { call } = opened(createCaller({ responseLimitBytes }));
    const room = roomFor(1);
    await call(receiver.url('/large'), undefined, undefined, room.open());
    const ended: string[] = [];
    const larges = Array.from({ length: 10 }, async () => {
      await call(receiver.url('/large'), undefined, undefined, room.open());
      ended.push('large');
    });
    const small = await call(receiver.url('/small'), undefined, undefined, room.open());
    ended.push('small');
    expect(small).toMatchObject({ statusCode: 200, response: { truncated: false } });
    await Promise.all(larges);
    expect(ended[0]).toBe('small');
  });
});

async function sleep(ms: number): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return undefined;
}
