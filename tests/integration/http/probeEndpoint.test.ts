import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { probeEndpoint } from '../../../src/http/probeEndpoint.ts';
import { createAuthority, type Authority } from '../../support/certificates.ts';
import { startConnectProxy, type ConnectProxy } from '../../support/connectProxy.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';

let authority: Authority;
let plain: Receiver;
let untrusted: Receiver;
let proxy: ConnectProxy;

beforeAll(async () => {
  authority = await createAuthority();
  plain = await startReceiver();
  untrusted = await startReceiver({ tls: await authority.issue('IP:127.0.0.1') });
  proxy = await startConnectProxy();
});
afterAll(async () => {
  await proxy.close();
  await untrusted.close();
  await plain.close();
  await authority.close();
});

const ranges = ['127.0.0.0/8', '::1'];
const probe = async (url: string, through: URL | null = null, allowedRanges = ranges) =>
  await probeEndpoint(new URL(url), {
    egress: { allowedRanges, proxy: through },
    connectTimeoutMs: 2_000,
  });

describe('an endpoint', () => {
  it('can be connected to, directly and through a proxy, and gets nothing', async () => {
    expect(await probe(plain.url('/'))).toEqual({ ok: true, tls: null });
    expect(await probe(plain.url('/'), proxy.url)).toEqual({ ok: true, tls: null });
    expect(plain.requests()).toEqual([]);
  });

  it('whose certificate nobody vouches for is refused, directly and through a proxy', async () => {
    expect(await probe(untrusted.url('/'))).toMatchObject({ ok: false, error: 'tls_error' });
    const proxied = await probe(untrusted.url('/'), proxy.url);
    expect(proxied).toMatchObject({ ok: false, error: 'tls_error' });
  });

  it.each([
    ['http://127.0.0.1:1/', 'connection_refused'],
    ['http://nobody.invalid/', 'dns_error'],
    ['https://nobody.invalid/', 'dns_error'],
    ['http://10.0.0.1/', 'blocked_address'],
    ['https://[::ffff:10.0.0.1]/', 'blocked_address'],
  ])('that can not be: %s is %s', async (url, error) => {
    expect(await probe(url)).toMatchObject({ ok: false, error, detail: expect.any(String) });
  });

  it("behind a proxy that is not there is the proxy's fault", async () => {
    const gone = new URL('http://127.0.0.1:1/');
    expect(await probe(plain.url('/'), gone)).toMatchObject({ ok: false, error: 'proxy_error' });
  });

  it('leaves no connection open', async () => {
    await probe(plain.url('/'));
    await until('it is closed', () => plain.openSockets() === 0);
    expect(plain.openSockets()).toBe(0);
  });
});
