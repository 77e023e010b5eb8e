import { describe, expect, it } from '@jest/globals';
import { createHealth } from '../../../src/observability/health.ts';
import { systemdSocketOf, tellSystemd } from '../../../src/observability/systemdNotify.ts';
import { receiveDatagrams } from '../../support/datagrams.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { until } from '../../support/until.ts';

const answers = { status: 'ok', detail: 'answers' } as const;

describe('the messages to systemd', () => {
  it('are expected only where the environment names a socket', () => {
    expect(systemdSocketOf({})).toBe(null);
    expect(systemdSocketOf({ NOTIFY_SOCKET: '' })).toBe(null);
    expect(systemdSocketOf({ NOTIFY_SOCKET: '/run/n' })).toEqual({
      path: '/run/n',
      watchdogMs: null,
    });
    expect(systemdSocketOf({ NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '60000000' })).toEqual({
      path: '@n',
      watchdogMs: 60_000,
    });
  });

  it('ask for time until the worker is ready, then show that it lives, then that it stops', async () => {
    await using sink = await receiveDatagrams();
    const health = createHealth();
    const logger = createMemoryLogger();
    const stop = new AbortController();
    const socket = { path: sink.path, watchdogMs: 600 };
    const telling = tellSystemd({ socket, health, logger, stopping: stop.signal });
    const has = (text: string) => () => sink.received().includes(text);
    await until('the message', has('EXTEND_TIMEOUT_USEC=600000'));
    expect(sink.received()[0]).toBe(
      'STATUS=Not ready. mongodb: not checked yet; mysql: not checked yet; stream: not opened yet',
    );
    expect(sink.received()).not.toContain('READY=1');
    expect(sink.received()).not.toContain('WATCHDOG=1');
    health.set('mongodb', answers);
    health.set('mysql', answers);
    health.standby();
    await until('the message', has('READY=1'));
    await until(
      'the message',
      () => sink.received().filter((line) => line === 'WATCHDOG=1').length > 2,
    );
    health.set('mysql', { status: 'fail', detail: 'connect\nECONNREFUSED' });
    await until('the message', has('STATUS=Not ready. mysql: connect ECONNREFUSED'));
    stop.abort();
    await telling.close();
    await until('the message', has('STOPPING=1'));
    expect(sink.received().filter((line) => line === 'READY=1')).toHaveLength(1);
    expect(logger.lines).toEqual([]);
  });

  it('stop while a loop hangs, so that systemd starts the worker again', async () => {
    await using sink = await receiveDatagrams();
    let now = 0;
    const health = createHealth(() => now);
    const logger = createMemoryLogger();
    const stopping = new AbortController().signal;
    const socket = { path: sink.path, watchdogMs: 300 };
    health.set('mongodb', answers);
    health.set('mysql', answers);
    health.streamOpen();
    health.turned('stream');
    const telling = tellSystemd({ socket, health, logger, stopping });
    const signs = (): number => sink.received().filter((line) => line === 'WATCHDOG=1').length;
    await until('the message', () => signs() > 1);
    now = 3_600_000;
    // This goes through the same queue, so that nothing from before is still under way.
    health.set('mysql', { status: 'fail', detail: 'marker' });
    await until('the message', () => sink.received().at(-1)?.includes('marker') === true);
    const before = signs();
    health.set('mysql', { status: 'fail', detail: 'one more' });
    await until('the message', () => sink.received().at(-1)?.includes('one more') === true);
    expect(signs()).toBe(before);
    health.turned('stream');
    await until('the message', () => signs() > before);
    await telling.close();
  });

  it('that nobody takes are logged once, and keep nothing from ending', async () => {
    const logger = createMemoryLogger();
    const stop = new AbortController();
    const socket = { path: '/nowhere/notify', watchdogMs: 300 };
    const telling = tellSystemd({ socket, health: createHealth(), logger, stopping: stop.signal });
    await until('the message', () => logger.lines.length > 0);
    stop.abort();
    await telling.close();
    expect(logger.lines.map(({ event }) => event)).toEqual(['systemd_not_told']);
  });
});
