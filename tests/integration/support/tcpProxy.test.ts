import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcpProxy.ts';
import { until } from '../../support/until.ts';

let receiver: Receiver;
let proxy: TcpProxy;
beforeEach(async () => {
  receiver = await startReceiver();
  proxy = await startTcpProxy(receiver.port);
});
afterEach(async () => {
  await proxy.close();
  await receiver.close();
});

/** `close`, because a pooled connection would hide what the proxy does to the next one. */
const get = async (): Promise<string> => {
  const response = await fetch(`http://${proxy.address}/`, { headers: { connection: 'close' } });
  return await response.text();
};

describe('a TCP proxy', () => {
  it('forwards both ways', async () => {
    expect(await get()).toBe('ok');
    expect(receiver.requests()).toHaveLength(1);
    await until('the connection is gone', () => proxy.connections() === 0);
  });

  it('refuses connections until it resumes', async () => {
    await proxy.refuse();
    await expect(get()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await proxy.resume();
    expect(await get()).toBe('ok');
  });

  it('cuts what is open and takes new connections', async () => {
    receiver.answer('/', [{ fault: 'hangAtHeaders' }, {}]);
    const failure = get().catch((error: unknown) => error);
    await until('the request arrived', () => receiver.requests().length === 1);
    proxy.cut();
    expect(await failure).toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(await get()).toBe('ok');
  });

  it('lets a new connection wait in a black hole, then through', async () => {
    proxy.blackhole();
    const answer = get();
    await until('the connection was taken', () => proxy.connections() === 1);
    expect(receiver.requests()).toHaveLength(0);
    await proxy.resume();
    expect(await answer).toBe('ok');
  });

  it('holds back the answer to a request that got through before', async () => {
    receiver.answer('/', { delayMs: 100 });
    let answered = false;
    const answer = get().finally(() => (answered = true));
    await until('the request arrived', () => receiver.requests().length === 1);
    proxy.blackhole();
    await until('the receiver has answered', () => receiver.openSockets() === 0);
    expect([answered, proxy.connections()]).toEqual([false, 1]);
    await proxy.resume();
    expect(await answer).toBe('ok');
  });
});
