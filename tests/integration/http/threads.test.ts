import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { createRecordingMetrics } from '../../support/recorders.ts';
import { until } from '../../support/until.ts';
import { closing, createCaller, startRawServer, webhookAt, type Caller } from './calling.ts';

const entry = fileURLToPath(new URL('./troubledThread.ts', import.meta.url));

describe('threads that make calls', () => {
  const opened = closing();

  const start = (
    threads: number,
    options: Parameters<typeof createCaller>[0] = {},
  ): Caller & { ends(): readonly unknown[]; log: ReturnType<typeof createMemoryLogger> } => {
    const metrics = createRecordingMetrics();
    const log = createMemoryLogger();
    const caller = createCaller({ threads, entry, metrics, logger: log, ...options });
    return opened({ ...caller, log, ends: () => metrics.reported });
  };
  /** Answers only where there is no trouble. */
  const startTroubled = async (): Promise<Receiver> => {
    const receiver = opened(await startReceiver());
    for (const path of ['/throw', '/reject', '/exit', '/fill', '/hang', '/silent']) {
      receiver.answer(path, { fault: 'hangAtHeaders' });
    }
    return receiver;
  };

  it.each([
    ['/throw', 'error'],
    ['/reject', 'error'],
    ['/exit', 'exited'],
    ['/fill', 'out_of_memory'],
  ])('cost their calls an attempt when they end, and are replaced: %s', async (path, cause) => {
    const receiver = await startTroubled();
    const { call, ends, log } = start(1);
    const silent = call(receiver.url('/silent'));
    await until('a call has arrived', () => receiver.requests('/silent').length === 1);
    for (const outcome of await Promise.all([silent, call(receiver.url(path))])) {
      expect(outcome).toMatchObject({ kind: 'unanswered', error: 'network_error' });
      expect(outcome.durationMs).toBeGreaterThan(90);
    }
    expect(receiver.requests('/silent')).toHaveLength(1);
    expect(ends()).toEqual([['httpThreadEnded', cause]]);
    expect(log.lines).toMatchObject([
      { level: 'warn', event: 'http_thread_ended', fields: { cause, calls: 2 } },
    ]);
    await until('calls are made again', async () => isAnswered(await call(receiver.url('/'))));
  });

  it('make the calls wait that come while there are none', async () => {
    const receiver = await startTroubled();
    const { call, ends } = start(1);
    await call(receiver.url('/exit'));
    expect(isAnswered(await call(receiver.url('/')))).toBe(true);
    expect(ends()).toHaveLength(1);
  });

  it('cost their calls an attempt when they hang, and are replaced', async () => {
    const receiver = await startTroubled();
    const { call, ends } = start(1, { requestTimeoutMs: 500 });
    const outcome = await call(receiver.url('/hang'));
    expect(outcome).toMatchObject({ kind: 'unanswered', error: 'timeout' });
    expect(ends()).toEqual([['httpThreadEnded', 'hung']]);
    await until('calls are made again', async () => isAnswered(await call(receiver.url('/'))));
  });

  it('do not hurt each other: an endpoint whose thread has ended gets another one', async () => {
    const receiver = await startTroubled();
    const { call } = start(2);
    const ending = call(receiver.url('/exit'));
    const slow = opened(await startRawServer((socket) => setTimeout(() => socket.end(ok), 500)));
    const other = call(slow.url);
    expect(isAnswered(await ending)).toBe(false);
    const at = webhookAt(receiver.url('/'), { endpointKey: receiver.url('/exit') });
    expect(isAnswered(await call(at))).toBe(true);
    expect(isAnswered(await other)).toBe(true);
  });

  it('are replaced ever later when they end again and again', async () => {
    const receiver = await startTroubled();
    const { call, log } = start(1);
    for (let round = 1; round <= 4; round += 1) {
      await until('one has ended', async () => {
        await call(receiver.url('/exit'));
        return log.lines.length === round;
      });
    }
    const waits = log.lines.map(({ fields }) => Number(fields['waitMs']));
    expect(waits[0]).toBeGreaterThan(0);
    expect(waits[3]).toBeGreaterThan(3 * (waits[0] ?? Infinity));
  });

  it('make all calls of an endpoint by its connections', async () => {
    const receiver = opened(await startReceiver());
    const { call } = start(3);
    const endpoints = Array.from({ length: 10 }, (_, index) => receiver.url(`/${index}`));
    for (let calls = 0; calls < 3; calls += 1) {
      await Promise.all(endpoints.map(async (url) => await call(url)));
    }
    expect(receiver.requests()).toHaveLength(30);
    expect(receiver.acceptedSockets()).toBe(10);
  });

  it('make a call that a pause of the process has held up only if it may still begin', async () => {
    const receiver = opened(await startReceiver());
    const { call } = start(1, { handOverMs: 500 });
    await until('the thread runs', async () => isAnswered(await call(receiver.url('/'))));
    const made = receiver.requests().length;
    const asked: string[] = [];
    const callIf = async (path: string, mayBegin: boolean): Promise<AttemptOutcome> =>
      await call(receiver.url(path), undefined, undefined, undefined, () => {
        asked.push(path);
        return mayBegin;
      });
    const [yes, no] = [callIf('/yes', true), callIf('/no', false)];
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    await expect(no).rejects.toThrow(Stopping);
    expect(isAnswered(await yes)).toBe(true);
    expect(asked).toEqual(['/yes', '/no']);
    expect(receiver.requests()).toHaveLength(made + 1);
    expect(isAnswered(await callIf('/later', false))).toBe(true);
  });

  it('get no calls after the end', async () => {
    const receiver = opened(await startReceiver());
    const { call, close, ends } = start(2);
    expect(isAnswered(await call(receiver.url('/')))).toBe(true);
    await close();
    expect(isAnswered(await call(receiver.url('/')))).toBe(false);
    expect(receiver.requests()).toHaveLength(1);
    expect(ends()).toEqual([]);
  });
});

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

function isAnswered({ kind }: AttemptOutcome): boolean {
  return kind === 'answered';
}
