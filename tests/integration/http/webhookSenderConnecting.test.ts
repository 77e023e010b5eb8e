import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { AttemptError } from '../../../src/domain/attempt.ts';
import type { EgressOptions } from '../../../src/http/egress.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startConnectProxy } from '../../support/connectProxy.ts';
import { startReceiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';
import { closing, createCaller, startRawServer } from './calling.ts';

const run = promisify(execFile);
const unanswered = (error: AttemptError): object => ({ kind: 'unanswered', error });

describe('connecting', () => {
  const opened = closing();

  it('fails when there is no such host', async () => {
    const { call } = opened(createCaller());
    expect(await call('http://no-such-host.invalid/')).toMatchObject(unanswered('dns_error'));
    expect(await call('https://no-such-host.invalid/')).toMatchObject(unanswered('dns_error'));
  });

  it('fails, and does not throw, for the one name that got refuses', async () => {
    const { call } = opened(createCaller());
    expect(await call('http://unix/var/run/x.sock:/')).toMatchObject(unanswered('dns_error'));
  });

  it('fails when nobody listens, on however many addresses', async () => {
    const server = await startRawServer(() => {});
    await server.close();
    const { call } = opened(createCaller());
    for (const host of ['127.0.0.1', 'localhost']) {
      expect(await call(`http://${host}:${server.port}/`)).toMatchObject(
        unanswered('connection_refused'),
      );
    }
  });

  it('takes at most its time to reach a host that does not take connections', async () => {
    const { port } = opened(await startFullServer());
    const { call } = opened(createCaller({ connectTimeoutMs: 300 }));
    const outcome = await call(`http://127.0.0.1:${port}/`);
    expect(outcome).toMatchObject(unanswered('timeout_connect'));
    expect(outcome.durationMs).toBeGreaterThanOrEqual(299);
  });

  it('includes TLS: a host that says nothing has the same time', async () => {
    const server = opened(await startRawServer(() => {}));
    const { call } = opened(createCaller({ connectTimeoutMs: 300 }));
    const outcome = await call(server.url.replace('http:', 'https:'));
    expect(outcome).toMatchObject(unanswered('timeout_connect'));
    await until('the connection is closed', () => server.openSockets().size === 0);
  });

  it('is what was too slow also when the whole attempt has no more time', async () => {
    const server = opened(await startRawServer(() => {}));
    const { call } = opened(createCaller({ connectTimeoutMs: 300, requestTimeoutMs: 300 }));
    const outcome = await call(server.url.replace('http:', 'https:'));
    expect(outcome).toMatchObject(unanswered('timeout_connect'));
  });

  it('does not bound the answer', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { delayMs: 400 });
    const { call } = opened(createCaller({ connectTimeoutMs: 100 }));
    expect(await call(receiver.url())).toMatchObject({ statusCode: 200, error: null });
  });
});

describe('TLS', () => {
  const opened = closing();

  it('is required of a host that speaks plain HTTP', async () => {
    const receiver = opened(await startReceiver());
    const { call } = opened(createCaller());
    const url = receiver.url().replace('http:', 'https:');
    expect(await call(url)).toMatchObject(unanswered('tls_error'));
  });

  it('is required to show a certificate that can be verified', async () => {
    const authority = opened(await createAuthority());
    const tls = await authority.issue('IP:127.0.0.1', { isSelfSigned: true });
    const receiver = opened(await startReceiver({ tls }));
    const { call } = opened(createCaller());
    expect(await call(receiver.url())).toMatchObject(unanswered('tls_error'));
    expect(receiver.requests()).toEqual([]);
  });

  it.each([['directly'], ['through a proxy']])(
    'asks for a name without its trailing dot, %s',
    async (way) => {
      const authority = opened(await createAuthority());
      const names: string[] = [];
      const receiver = opened(
        await startReceiver({
          tls: {
            ...(await authority.issue('DNS:hooks.example')),
            SNICallback: (name, callback) => {
              names.push(name);
              callback(null);
            },
          },
        }),
      );
      const proxy = way === 'directly' ? null : opened(await startConnectProxy()).url;
      const lookup: EgressOptions['lookup'] = (_name, _options, callback) =>
        setImmediate(callback, null, [{ address: '127.0.0.1', family: 4 }]);
      const { call } = opened(
        createCaller({ egress: { allowedRanges: ['127.0.0.1'], proxy, lookup } }),
      );
      await call(`https://hooks.example.:${receiver.port}/`);
      expect(names).toEqual(['hooks.example']);
    },
  );

  it('with such a certificate works, on one connection for many calls', async () => {
    const authority = opened(await createAuthority());
    const tls = await authority.issue('IP:127.0.0.1');
    const receiver = opened(await startReceiver({ tls }));
    const script = fileURLToPath(new URL('./callThrice.ts', import.meta.url));
    const { stdout } = await run(process.execPath, [script, receiver.url()], {
      env: { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: authority.caPath },
    });
    expect(JSON.parse(stdout)).toMatchObject([{ statusCode: 200 }, { statusCode: 200 }, {}]);
    expect(receiver.requests()).toHaveLength(3);
    expect(receiver.acceptedSockets()).toBe(1);
  }, 30_000);
});

/** A process that listens and was stopped, with its queue of connections full: more are not answered. */
async function startFullServer(): Promise<{ port: number; close(): Promise<void> }> {
  const script = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  for (let isFull = false; !isFull;) {
    const filler = connect(port, '127.0.0.1').on('error', () => {});
    fillers.push(filler);
    isFull = await Promise.race([
      once(filler, 'connect').then(() => false),
      new Promise<true>((resolve) => setTimeout(() => resolve(true), 200)),
    ]);
  }
  return {
    port,
    async close() {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}
