import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { startConnectProxy } from '../../support/connectProxy.ts';
import { until } from '../../support/until.ts';
import { closing, createCaller, startRawServer, webhookAt, type Caller } from './calling.ts';

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const error = 'HTTP/1.1 500 Error\r\ncontent-length: 2\r\n\r\nno';
const statusOf = (outcome: AttemptOutcome): number | string | null =>
  outcome.kind === 'answered' ? outcome.statusCode : outcome.error;

/** Says what belongs to no answer in a segment of its own, right after one. */
function then(socket: Socket, first: string, second: string, delayMs = 0): void {
  socket.setNoDelay(true).write(first);
  setTimeout(() => {
    if (!socket.destroyed) socket.write(second);
  }, delayMs);
}

/** So many calls, so many at once, as each endpoint is called. */
async function callMany(
  count: number,
  atOnce: number,
  call: (index: number) => Promise<AttemptOutcome>,
): Promise<AttemptOutcome[]> {
  const outcomes: AttemptOutcome[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) {
        const index = next;
        next += 1;
        outcomes[index] = await call(index);
      }
    }),
  );
  return outcomes;
}

describe.each([['directly'], ['through a proxy']])('what a receiver says too much, %s,', (way) => {
  const opened = closing();

  const caller = async (): Promise<Caller> => {
    const proxy = way === 'directly' ? null : opened(await startConnectProxy()).url;
    return opened(createCaller({ egress: { allowedRanges: ['127.0.0.0/8'], proxy } }));
  };

  it.each<[string, (socket: Socket) => void]>([
    ['a second answer', (socket) => then(socket, ok, ok)],
    ['a second answer at once', (socket) => socket.write(ok + ok)],
    ['a second answer a little later', (socket) => then(socket, ok, ok, 5)],
    ['more body than it announced', (socket) => then(socket, ok, ok.slice(4))],
    ['the beginning of an answer', (socket) => then(socket, `${ok}HTTP/1.1 2`, '00 OK\r\n\r\n')],
  ])("is not another customer's answer: %s", async (_, answer) => {
    const server = opened(
      await startRawServer((socket, _number, path) => {
        if (path === '/a') answer(socket);
        else socket.write(error);
      }),
    );
    const { call } = await caller();
    const outcomes = await callMany(80, 4, async (index) => {
      const webhookId = index % 2 === 0 ? 'a' : 'b';
      return await call(
        webhookAt(`${server.url}${webhookId}`, { webhookId, endpointKey: webhookId }),
      );
    });
    const second = outcomes.filter((_outcome, index) => index % 2 === 1).map(statusOf);
    expect(new Set(second)).toEqual(new Set([500]));
    expect(server.requests()).toBe(80);
  });

  it.each<[string, string, string, number]>([
    ['a second answer', error, ok, 0],
    ['a second answer at once', error + ok, '', 0],
    ['the rest of a body', error, ok, 0],
    ['the beginning of an answer', `${error}HTTP/1.1 2`, '00 OK\r\ncontent-length: 0\r\n\r\n', 0],
    ['the end of a line', `${error}\r\n`, `\r\n${ok}`, 0],
    ['an answer after interim ones', `HTTP/1.1 103 x\r\n\r\n${error}`, ok, 0],
    [
      'chunks after the last',
      error
        .replace('content-length: 2\r\n\r\n', 'transfer-encoding: chunked\r\n\r\n2\r\n')
        .concat('\r\n0\r\n\r\n'),
      ok,
      0,
    ],
  ])('is not the answer of the next call either: %s', async (_, first, second, delayMs) => {
    const server = opened(await startRawServer((socket) => then(socket, first, second, delayMs)));
    const { call } = await caller();
    const outcomes = await callMany(40, 2, async () => await call(server.url));
    expect(new Set(outcomes.map(statusOf))).toEqual(new Set([500]));
    expect(server.requests()).toBe(40);
  });

  it.each<[string, string, string]>([
    ['an announced body, at once', 'content-length: 2\r\n\r\nok', ''],
    ['an announced body', 'content-length: 2\r\n\r\n', 'ok'],
    ['a body in chunks', 'transfer-encoding: chunked\r\n\r\n', '2\r\nok\r\n0\r\n\r\n'],
    ['a body that is not announced', 'x: y\r\n\r\n', 'ok'],
    ['a body that looks like an answer', 'content-length: 38\r\n\r\n', error],
  ])('spoils no other call where a 204 or 304 has %s', async (_, headers, body) => {
    for (const status of [204, 304]) {
      const server = opened(
        await startRawServer((socket) => then(socket, `HTTP/1.1 ${status} x\r\n${headers}`, body)),
      );
      const { call } = await caller();
      const outcomes = await callMany(40, 4, async () => await call(server.url));
      expect(new Set(outcomes.map(statusOf))).toEqual(new Set([status]));
      expect(server.requests()).toBe(40);
    }
  });

  it('ends no connection over answers that end where they say', async () => {
    const answers = [
      ok,
      error,
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok',
    ];
    const server = opened(
      await startRawServer((socket, number) =>
        socket.write(answers[number % answers.length] ?? ''),
      ),
    );
    const { call } = await caller();
    for (let count = 0; count < 25; count += 1) await call(server.url);
    expect([server.requests(), server.connections()]).toEqual([25, 1]);
  });
});

describe('a connection', () => {
  const opened = closing();

  it('serves one endpoint, also where several have the same host', async () => {
    const server = opened(await startRawServer((socket) => socket.write(ok)));
    const { call } = opened(createCaller());
    for (let count = 0; count < 6; count += 1) {
      await call(webhookAt(server.url, { endpointKey: `e${count % 2}` }));
    }
    expect([server.requests(), server.connections()]).toEqual([6, 2]);
  });

  it('is kept after a 204 once it was seen that nothing follows', async () => {
    const server = opened(
      await startRawServer((socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n')),
    );
    const { call } = opened(createCaller());
    await until('one is used again', async () => {
      await call(server.url);
      return server.connections() < server.requests();
    });
    const before = server.connections();
    for (let count = 0; count < 20; count += 1) await call(server.url);
    expect(server.connections()).toBe(before);
  });

  it('is used for so long at most, however steadily it is used', async () => {
    const server = opened(await startRawServer((socket) => socket.write(ok)));
    const { call } = opened(createCaller({ connectionMaxAgeMs: 150 }));
    await until('another one is used', async () => {
      expect(statusOf(await call(server.url))).toBe(200);
      return server.connections() === 3;
    });
    await until('the older ones are closed', () => server.openSockets().size === 1);
    expect(server.requests()).toBeGreaterThan(3);
  });

  it('that is idle ends before a receiver would end it after two seconds', async () => {
    let endedHere = 0;
    const server = opened(
      await startRawServer((socket) => {
        socket.write(ok);
        const timer = setTimeout(() => {
          endedHere += 1;
          socket.destroy();
        }, 2_000);
        socket.once('close', () => clearTimeout(timer));
      }),
    );
    const { call } = opened(createCaller());
    await call(server.url);
    await until('it is closed', () => server.openSockets().size === 0);
    expect(endedHere).toBe(0);
  });
});
