import { execFile } from 'node:child_process';
import type { ServerOptions } from 'node:https';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { AttemptError } from '../../../src/domain/attempt.ts';
import type { EgressOptions } from '../../../src/http/egress.ts';
import { createAuthority, type Identity } from '../../support/certificates.ts';
import { startConnectProxy } from '../../support/connectProxy.ts';
import { startReceiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';
import { closing, createCaller, startRawServer, type Caller } from './calling.ts';

const run = promisify(execFile);
const unanswered = (error: AttemptError): object => ({ kind: 'unanswered', error });
const delivered = { kind: 'answered', statusCode: 200, error: null };

const lookup: EgressOptions['lookup'] = (name, _options, callback) => {
  const found = name === 'two.example' ? ['127.0.0.9', '127.0.0.1'] : ['127.0.0.1'];
  setImmediate(
    callback,
    null,
    found.map((address) => ({ address, family: 4 })),
  );
};

describe('calls through a proxy', () => {
  const opened = closing();

  const callerThrough = (proxy: URL | string, changes: object = {}): Caller => {
    const egress = { allowedRanges: ['127.0.0.0/8'], proxy: new URL(proxy), lookup };
    return opened(createCaller({ egress, ...changes }));
  };

  it('ask it for the address that was checked, and tell the receiver the name', async () => {
    const receiver = opened(await startReceiver());
    const proxy = opened(await startConnectProxy());
    const { call } = callerThrough(proxy.url);
    expect(await call(`http://hooks.example:${receiver.port}/a?b`)).toMatchObject(delivered);
    const authority = `127.0.0.1:${receiver.port}`;
    expect(proxy.asked()).toEqual([{ authority, host: authority, authorization: undefined }]);
    expect(receiver.requests()).toMatchObject([
      { path: '/a?b', headers: { host: `hooks.example:${receiver.port}` } },
    ]);
    expect(receiver.requests()[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('keep the tunnel for the next one', async () => {
    const receiver = opened(await startReceiver());
    const proxy = opened(await startConnectProxy());
    const { call } = callerThrough(proxy.url);
    for (let count = 0; count < 3; count += 1) {
      expect(await call(receiver.url())).toMatchObject(delivered);
    }
    expect(proxy.asked()).toHaveLength(1);
    expect(receiver.acceptedSockets()).toBe(1);
  });

  it('show it the user name and password it wants', async () => {
    const receiver = opened(await startReceiver());
    const expected = `Basic ${Buffer.from('us er:p@ss').toString('base64')}`;
    const proxy = opened(
      await startConnectProxy({
        answer: ({ authorization }) =>
          authorization === expected
            ? undefined
            : 'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n',
      }),
    );
    const withCredentials = proxy.url.href.replace('://', '://us%20er:p%40ss@');
    expect(await callerThrough(withCredentials).call(receiver.url())).toMatchObject(delivered);
    const without = await callerThrough(proxy.url).call(receiver.url());
    expect(without).toMatchObject(unanswered('proxy_error'));
    expect(receiver.requests()).toHaveLength(1);
  });

  it('never ask it for an address that may not be called', async () => {
    const proxy = opened(await startConnectProxy());
    const egress = { allowedRanges: [], proxy: proxy.url, lookup };
    const { call } = opened(createCaller({ egress }));
    for (const url of ['http://hooks.example/', 'http://127.0.0.1/', 'https://[::1]/']) {
      expect(await call(url)).toMatchObject(unanswered('blocked_address'));
    }
    expect(proxy.asked()).toEqual([]);
  });

  it('try the next address when it cannot reach one', async () => {
    const receiver = opened(await startReceiver());
    const proxy = opened(await startConnectProxy());
    const { call } = callerThrough(proxy.url);
    expect(await call(`http://two.example:${receiver.port}/`)).toMatchObject(delivered);
    expect(proxy.asked().map(({ authority }) => authority)).toEqual([
      `127.0.0.9:${receiver.port}`,
      `127.0.0.1:${receiver.port}`,
    ]);
  });

  it.each([
    ['refuses', 'HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\nnot me'],
    ['cannot reach the receiver', 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'],
    ['speaks something else', '220 mail.example ESMTP\r\n'],
    [
      'answers with a redirect',
      'HTTP/1.1 302 Found\r\nlocation: http://x/\r\ncontent-length: 0\r\n\r\n',
    ],
  ])('fail by the proxy when it %s', async (_what, answer) => {
    const proxy = opened(await startConnectProxy({ answer: () => answer }));
    const outcome = await callerThrough(proxy.url).call('http://127.0.0.1:9/');
    expect(outcome).toMatchObject(unanswered('proxy_error'));
  });

  it('fail by the proxy when it is not there, or has no name', async () => {
    const gone = await startRawServer(() => {});
    await gone.close();
    for (const proxy of [gone.url, 'http://no-such-proxy.invalid:3128']) {
      const outcome = await callerThrough(proxy).call('http://127.0.0.1:9/');
      expect(outcome).toMatchObject(unanswered('proxy_error'));
    }
  });

  it('fail by the proxy when it hangs up', async () => {
    const proxy = opened(await startConnectProxy({ answer: () => null }));
    const outcome = await callerThrough(proxy.url).call('http://127.0.0.1:9/');
    expect(outcome).toMatchObject(unanswered('proxy_error'));
  });

  it('take as long to connect as any other, also when it says nothing', async () => {
    const proxy = opened(await startRawServer(() => {}));
    const { call } = callerThrough(proxy.url, { connectTimeoutMs: 300 });
    const outcome = await call('http://127.0.0.1:9/');
    expect(outcome).toMatchObject(unanswered('timeout_connect'));
    expect(outcome.durationMs).toBeGreaterThanOrEqual(299);
    await until('the connection is closed', () => proxy.openSockets().size === 0);
  });

  it('speak TLS with the receiver, not with the proxy, and blame who is to blame', async () => {
    const receiver = opened(await startReceiver());
    const proxy = opened(await startConnectProxy());
    const { call } = callerThrough(proxy.url);
    const url = receiver.url().replace('http:', 'https:');
    expect(await call(url)).toMatchObject(unanswered('tls_error'));
    expect(proxy.asked()).toHaveLength(1);
  });

  it('verify the receiver by its name, over one tunnel for many calls, also by a proxy with TLS', async () => {
    const authority = opened(await createAuthority());
    const names: string[] = [];
    const noted = (identity: Identity): ServerOptions => ({
      ...identity,
      SNICallback: (name, callback) => {
        names.push(name);
        callback(null);
      },
    });
    const tls = noted(await authority.issue('DNS:localhost'));
    const receiver = opened(await startReceiver({ tls }));
    const proxy = opened(
      await startConnectProxy({ tls: noted(await authority.issue('DNS:localhost')) }),
    );
    const script = fileURLToPath(new URL('./callThrice.ts', import.meta.url));
    const urls = [receiver.url(), proxy.url.href].map((url) =>
      url.replace('127.0.0.1', 'localhost'),
    );
    const { stdout } = await run(process.execPath, [script, ...urls], {
      env: { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: authority.caPath },
    });
    expect(JSON.parse(stdout)).toMatchObject([
      { statusCode: 200 },
      { statusCode: 200 },
      { statusCode: 200 },
    ]);
    expect(receiver.requests()).toHaveLength(3);
    expect(receiver.acceptedSockets()).toBe(1);
    expect(proxy.asked().at(-1)?.authority).toMatch(/^(?:127\.0\.0\.1|\[::1\]):/);
    expect(new Set(names)).toEqual(new Set(['localhost']));
    expect(names.length).toBeGreaterThanOrEqual(2);
  }, 30_000);

  it('try the next address when the proxy says nothing about one', async () => {
    const receiver = opened(await startReceiver());
    const proxy = opened(
      await startConnectProxy({
        answer: ({ authority }) => (authority.startsWith('127.0.0.9:') ? '' : undefined),
      }),
    );
    const { call } = callerThrough(proxy.url, { connectTimeoutMs: 1_000 });
    expect(await call(`http://two.example:${receiver.port}/`)).toMatchObject(delivered);
    expect(proxy.asked()).toHaveLength(2);
  });

  it('ask a proxy that refuses only once', async () => {
    const refuses = 'HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n';
    const proxy = opened(await startConnectProxy({ answer: () => refuses }));
    const outcome = await callerThrough(proxy.url).call('http://two.example:9/');
    expect(outcome).toMatchObject(unanswered('proxy_error'));
    expect(proxy.asked()).toHaveLength(1);
  });

  it('say that connecting took too long also when the whole attempt has no more time', async () => {
    const proxy = opened(await startRawServer(() => {}));
    const limits = { connectTimeoutMs: 300, requestTimeoutMs: 300 };
    const outcome = await callerThrough(proxy.url, limits).call('http://127.0.0.1:9/');
    expect(outcome).toMatchObject(unanswered('timeout_connect'));
  });

  it('end with the worker, also those that wait for a tunnel', async () => {
    const proxy = opened(await startRawServer(() => {}));
    const caller = callerThrough(proxy.url);
    const outcome = caller.call('http://127.0.0.1:9/');
    await until('the proxy is asked', () => proxy.connections() === 1);
    await caller.close();
    expect(await outcome).toMatchObject({ kind: 'unanswered' });
    await until('the connection is closed', () => proxy.openSockets().size === 0);
  });
});
