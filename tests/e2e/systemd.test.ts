import { describe, expect, it } from '@jest/globals';
import { receiveDatagrams } from '../support/datagrams.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

describe('a worker whose service is of Type=notify', () => {
  it('is ready for systemd when it works and when it stands by, and says when it stops', async () => {
    await using first = await receiveDatagrams();
    await using second = await receiveDatagrams();
    const told = (sink: typeof first) => ({ NOTIFY_SOCKET: sink.path, WATCHDOG_USEC: '3000000' });
    const worker = await e2e().worker(told(first));
    const has = (sink: typeof first, text: string) => () =>
      sink.received().some((line) => line.includes(text));
    await until('READY', has(first, 'READY=1'));
    await until('the state', has(first, 'stream: open'));
    await until('a sign of life', has(first, 'WATCHDOG=1'));
    const standby = await e2e().worker(told(second));
    await until('READY of the standby', has(second, 'READY=1'));
    await until('its state', has(second, 'stream: standby'));
    await Promise.all([worker.stop(), standby.stop()]);
    await until('both to have stopped', () =>
      [first, second].every((sink) => sink.received().includes('STOPPING=1')),
    );
    expect(first.received().indexOf('READY=1')).toBeGreaterThan(0);
  });
});
