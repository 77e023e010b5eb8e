import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { redirectTo } from '../../support/answer.ts';
import { startReceiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';
import { body, bothForms, closing, notificationId, startRawServer, webhookAt } from './calling.ts';

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe.each(bothForms)('a call by %s', (_form, createCaller) => {
  const opened = closing();

  it('is a POST of exactly these bytes and headers', async () => {
    const receiver = opened(await startReceiver());
    const now = new Date('2026-01-02T03:04:05.999Z');
    const { call } = opened(createCaller({ clock: { now: () => now } }));
    const outcome = await call(receiver.url('/hook/a%20b?x=1&y=%C3%A9#fragment'));
    expect(outcome).toEqual({
      kind: 'answered',
      statusCode: 200,
      response: { text: 'ok', encoding: 'utf8', truncated: false },
      error: null,
      retryAfter: null,
      deliveryControl: null,
      startedAt: now,
      durationMs: expect.any(Number),
    });
    expect(Number.isInteger(outcome.durationMs)).toBe(true);
    const [request] = receiver.requests();
    expect(request).toMatchObject({ method: 'POST', path: '/hook/a%20b?x=1&y=%C3%A9', body });
    expect(request?.headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'notify-on-delivery/1.2.3',
      'webhook-id': notificationId,
      'webhook-timestamp': String(Date.UTC(2026, 0, 2, 3, 4, 5) / 1000),
      'webhook-attempt': '3',
      'content-length': String(body.length),
      'accept-encoding': 'gzip, br',
      host: `127.0.0.1:${receiver.port}`,
      connection: 'keep-alive',
    });
  });

  it("sends the webhook's headers along", async () => {
    const receiver = opened(await startReceiver());
    const { call } = opened(createCaller());
    const headers = { 'x-tenant': 'ä', accept: 'text/plain', cookie: 'a=b' };
    await call(webhookAt(receiver.url(), { headers }));
    expect(receiver.requests()[0]?.headers).toMatchObject({
      'x-tenant': 'ä',
      accept: 'text/plain',
      cookie: 'a=b',
      'content-type': 'application/json',
    });
  });

  it('is made in the name and with the content type that the webhook gives', async () => {
    const receiver = opened(await startReceiver());
    const { call } = opened(createCaller());
    const headers = {
      'user-agent': 'acme/1',
      'content-type': 'application/json; charset=utf-8',
    };
    await call(webhookAt(receiver.url(), { headers }));
    expect(receiver.requests()[0]?.headers).toMatchObject(headers);
  });

  it('carries the traceparent it is given, and that of the webhook only without one', async () => {
    const receiver = opened(await startReceiver());
    const { call } = opened(createCaller());
    const [own, given] = ['c', 'd'].map((each) => `00-${each.repeat(32)}-${each.repeat(16)}-01`);
    const webhook = webhookAt(receiver.url(), { headers: { traceparent: own ?? '' } });
    await call(webhook, undefined, undefined, undefined, undefined, given);
    await call(webhook);
    expect(receiver.requests().map(({ headers }) => headers['traceparent'])).toEqual([given, own]);
  });

  it('is signed with every key, verifiably', async () => {
    const receiver = opened(await startReceiver());
    const { call } = opened(createCaller());
    const keys = [randomBytes(32), randomBytes(24)];
    await call(webhookAt(receiver.url(), { signingKeys: keys }));
    const [request] = receiver.requests();
    for (const key of keys) {
      const webhook = new Webhook(key.toString('base64'));
      const headers = request?.headers as Record<string, string>;
      expect(webhook.verify(request?.body ?? '', headers)).toEqual(JSON.parse(body.toString()));
    }
  });

  it('sends userinfo as Basic authentication, decoded, and not in the path', async () => {
    const receiver = opened(await startReceiver());
    const { call } = opened(createCaller());
    const url = receiver.url('/hook').replace('//', '//us%40er:p%3Ass%C3%A9@');
    await call(url);
    await call(webhookAt(url, { headers: { authorization: 'Bearer own' } }));
    await call(receiver.url('/hook').replace('//', '//only@'));
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(receiver.requests('/hook').map(({ headers }) => headers.authorization)).toEqual([
      basic('us@er:p:ssé'),
      'Bearer own',
      basic('only:'),
    ]);
  });

  it('remembers no cookies', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { headers: { 'set-cookie': 'session=1' } });
    const { call } = opened(createCaller());
    await call(receiver.url());
    await call(receiver.url());
    expect(receiver.requests().map(({ headers }) => headers.cookie)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %i', async (status) => {
    const target = opened(await startReceiver());
    const receiver = opened(await startReceiver());
    receiver.answer('/', { ...redirectTo(target.url(), status), body: 'over there' });
    const { call } = opened(createCaller());
    expect(await call(receiver.url())).toMatchObject({
      kind: 'answered',
      statusCode: status,
      response: { text: 'over there' },
      error: null,
      location: target.url(),
    });
    expect(receiver.requests()).toHaveLength(1);
    expect(target.requests()).toEqual([]);
  });

  it.each([400, 408, 410, 413, 429, 500, 502, 503, 504, 599])(
    'is made once when the answer is %i',
    async (status) => {
      const receiver = opened(await startReceiver());
      receiver.answer('/', { status, headers: { 'retry-after': '0' }, body: 'no' });
      const { call } = opened(createCaller());
      expect(await call(receiver.url())).toMatchObject({
        kind: 'answered',
        statusCode: status,
        response: { text: 'no' },
        error: null,
      });
      expect(receiver.requests()).toHaveLength(1);
    },
  );
});

describe.each(bothForms)('connections of %s', (_form, createCaller) => {
  const opened = closing();

  it('are reused: fifty calls in a row need one', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', [{}, { status: 204, body: '' }, { status: 500, body: 'x'.repeat(9_000) }]);
    const { call } = opened(createCaller());
    for (let n = 0; n < 50; n += 1) await call(receiver.url());
    expect(receiver.requests()).toHaveLength(50);
    expect(receiver.acceptedSockets()).toBe(1);
  });

  it('are opened for calls at the same time, and then serve others', async () => {
    const receiver = opened(await startReceiver());
    const { call } = opened(createCaller());
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 16 }, async () => await call(receiver.url())));
    }
    expect(receiver.requests()).toHaveLength(80);
    expect(receiver.acceptedSockets()).toBe(16);
  });

  it('are all closed in the end', async () => {
    const receiver = opened(await startReceiver());
    const { call, close } = createCaller();
    await Promise.all([call(receiver.url()), call(receiver.url())]);
    expect(receiver.openSockets()).toBe(2);
    await close();
    await until('the connection is closed', () => receiver.openSockets() === 0);
  });

  it('are kept idle only up to the number of calls that may run', async () => {
    const { call } = opened(createCaller({ maxInFlight: 3 }));
    const receivers = await Promise.all(
      Array.from({ length: 6 }, async () => opened(await startReceiver())),
    );
    for (const receiver of receivers) await call(receiver.url());
    const open = (): number => receivers.reduce((sum, one) => sum + one.openSockets(), 0);
    await until('three connections are left', () => open() === 3);
    expect(receivers.map((one) => one.acceptedSockets())).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('are closed after a response that was not read to its end', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', [{ body: 'x'.repeat(100_000) }, {}]);
    const { call } = opened(createCaller({ responseLimitBytes: 100 }));
    await call(receiver.url());
    await until('the connection is closed', () => receiver.openSockets() === 0);
    expect(await call(receiver.url())).toMatchObject({ response: { text: 'ok' } });
    expect(receiver.acceptedSockets()).toBe(2);
  });

  it('that the receiver closed while idle do no harm', async () => {
    const server = opened(await startRawServer((socket) => socket.write(ok)));
    const { call } = opened(createCaller());
    await call(server.url);
    const [socket] = server.openSockets();
    if (socket === undefined) throw new Error('the connection was not kept');
    // Closed on both sides: the sender has seen it too.
    await once(socket.end(), 'close');
    expect(await call(server.url)).toMatchObject({ statusCode: 200, error: null });
    expect(server.connections()).toBe(2);
  });

  it('that break on reuse make the attempt fail: it is not silently made again', async () => {
    const server = opened(
      await startRawServer((socket, number) => {
        if (number === 2) socket.resetAndDestroy();
        else socket.write(ok);
      }),
    );
    const { call } = opened(createCaller());
    await call(server.url);
    expect(await call(server.url)).toMatchObject({ kind: 'unanswered', error: 'connection_reset' });
    expect([server.requests(), server.connections()]).toEqual([2, 1]);
  });

  it.each([
    ['timeout=1', 2],
    ['timeout=1, max=100', 2],
    ['timeout=60', 1],
  ])('heed the receiver that says keep-alive: %s', async (hint, connections) => {
    const answer = ok.replace('\r\n\r\n', `\r\nkeep-alive: ${hint}\r\n\r\n`);
    const server = opened(await startRawServer((socket) => socket.write(answer)));
    const { call } = opened(createCaller());
    await call(server.url);
    await call(server.url);
    expect(server.connections()).toBe(connections);
  });

  it('stay for an answer that takes longer than an idle one is kept, and go when idle that long', async () => {
    const server = opened(
      await startRawServer((socket) => setTimeout(() => socket.write(ok), 4_500)),
    );
    const { call } = opened(createCaller());
    expect(await call(server.url)).toMatchObject({ statusCode: 200, error: null });
    expect(server.openSockets().size).toBe(1);
    await until('it is closed', () => server.openSockets().size === 0, { timeoutMs: 20_000 });
  }, 40_000);
});
