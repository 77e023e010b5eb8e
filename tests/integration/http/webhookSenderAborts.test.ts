import { describe, expect, it } from '@jest/globals';
import { startReceiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';
import { bothForms, closing } from './calling.ts';

describe.each(bothForms)('an attempt that is aborted, made by %s,', (_form, createCaller) => {
  const opened = closing();

  it('rejects with the reason, and ends its connection', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/headers', { fault: 'hangAtHeaders' });
    receiver.answer('/body', { fault: 'hangMidBody' });
    const { call } = opened(createCaller());
    const controller = new AbortController();
    const calls = ['/headers', '/body', '/headers'].map(
      async (path) => await call(receiver.url(path), controller.signal),
    );
    const settled = Promise.allSettled(calls);
    await until('all have arrived', () => receiver.requests().length === 3);
    const reason = new Error('the worker is stopping');
    controller.abort(reason);
    expect(await settled).toEqual(calls.map(() => ({ status: 'rejected', reason })));
    await until('the connections are closed', () => receiver.openSockets() === 0);
  });

  it('is not begun when the signal was aborted before', async () => {
    const receiver = opened(await startReceiver());
    const { call } = opened(createCaller());
    const reason = new Error('too late');
    await expect(call(receiver.url(), AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(receiver.acceptedSockets()).toBe(0);
  });

  it('does not mind an abort after its end', async () => {
    const receiver = opened(await startReceiver());
    const { call } = opened(createCaller());
    const controller = new AbortController();
    expect(await call(receiver.url(), controller.signal)).toMatchObject({ statusCode: 200 });
    controller.abort();
    expect(await call(receiver.url())).toMatchObject({ statusCode: 200 });
    expect(receiver.acceptedSockets()).toBe(1);
  });

  it('is unanswered, not rejected, when the sender is closed', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { fault: 'hangAtHeaders' });
    const { call, close } = createCaller();
    const running = call(receiver.url());
    await until('it has arrived', () => receiver.requests().length === 1);
    await close();
    expect(await running).toMatchObject({ kind: 'unanswered', error: 'connection_reset' });
  });
});
