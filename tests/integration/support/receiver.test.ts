import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request, type ClientRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { redirectTo } from '../../support/answer.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  expect(receiver.openSockets()).toBe(0);
});

const post = (path: string): Promise<Response> =>
  fetch(receiver.url(path), { method: 'POST', body: '{"a":1}', redirect: 'manual' });

/** Without a pool, so that giving up closes the connection. */
const get = (): ClientRequest =>
  request(receiver.url(), { agent: false })
    .on('error', () => {})
    .end();

describe('a receiver', () => {
  it('answers 200 ok and records what arrived', async () => {
    const response = await post('/hook?x=1');
    expect([response.status, await response.text()]).toEqual([200, 'ok']);
    const [received] = receiver.requests('/hook');
    expect(received).toMatchObject({ method: 'POST', path: '/hook?x=1' });
    expect(received?.body.toString()).toBe('{"a":1}');
    expect(received?.json()).toEqual({ a: 1 });
    expect(received?.headers['content-length']).toBe('7');
    expect(received?.receivedAt).toBeInstanceOf(Date);
    expect(receiver.requests('/other')).toEqual([]);
    expect(receiver.acceptedSockets()).toBe(1);
  });

  it('works through a list of answers and repeats the last', async () => {
    receiver.answer('/', [{ status: 503, headers: { 'retry-after': '7' } }, { body: 'done' }]);
    const first = await post('/');
    expect([first.status, first.headers.get('retry-after')]).toEqual([503, '7']);
    expect(await (await post('/')).text()).toBe('done');
    expect(await (await post('/')).text()).toBe('done');
  });

  it('answers by a function of the request', async () => {
    receiver.answer('/', ({ body }) => ({ body, status: 201 }));
    const response = await post('/');
    expect([response.status, await response.text()]).toEqual([201, '{"a":1}']);
  });

  it('redirects', async () => {
    receiver.answer('/', redirectTo('/elsewhere'));
    const response = await post('/');
    expect([response.status, response.headers.get('location')]).toEqual([302, '/elsewhere']);
  });

  it('delays an answer', async () => {
    receiver.answer('/', { delayMs: 60 });
    const startedAt = performance.now();
    await post('/');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55);
  });

  it('hangs before the headers until the caller gives up', async () => {
    receiver.answer('/', { fault: 'hangAtHeaders' });
    const call = get();
    await until('the request arrived', () => receiver.requests().length === 1);
    expect(receiver.openSockets()).toBe(1);
    call.destroy();
    await until('the socket is closed', () => receiver.openSockets() === 0);
  });

  it('hangs in the middle of a body', async () => {
    receiver.answer('/', { fault: 'hangMidBody', body: 'half' });
    const reader = (await post('/')).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('half');
    expect(receiver.openSockets()).toBe(1);
    await reader?.cancel();
  });

  it('resets the connection', async () => {
    receiver.answer('/', { fault: 'reset' });
    await expect(post('/')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  });

  it('breaks off in the middle of a body', async () => {
    const headers = { 'content-length': 100 };
    receiver.answer('/', { fault: 'cutMidBody', body: 'half', headers });
    const response = await post('/');
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('sends a body without an end for as long as somebody reads', async () => {
    receiver.answer('/', { fault: 'endlessBody', body: 'x'.repeat(65_536) });
    let bytes = 0;
    get().on('response', (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > 10_000_000) response.destroy();
      });
    });
    await until('enough was read', () => bytes > 10_000_000);
    expect(await until('the socket is closed', () => receiver.openSockets() === 0)).toBe(true);
  });

  it('says something that is not HTTP', async () => {
    receiver.answer('/', { fault: 'notHttp', body: 'hello' });
    const socket = connect(receiver.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await text(socket)).toBe('hello');
  });

  it('closes with an answer still due', async () => {
    receiver.answer('/', { delayMs: 60_000 });
    const failure = post('/').catch(String);
    await until('the request arrived', () => receiver.requests().length === 1);
    await receiver.close();
    expect(await failure).toContain('fetch failed');
  });
});
