import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHealth } from '../../../src/observability/health.ts';
import {
  StreamFailure,
  type StreamEvent,
  type StreamFailureKind,
} from '../../../src/ports/source.ts';
import { createStreamReader } from '../../../src/source/streamReader.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aPosition } from '../../support/builders.ts';
import { createFakeSource, deferred } from '../../support/fakePorts.ts';
import { change, idle, readStream } from '../../support/readStream.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld } from '../../support/world.ts';

const reason = new Stopping();
const failure = (kind: StreamFailureKind): StreamFailure =>
  new StreamFailure(kind, `code of ${kind}`, new Error('it ended'));
const flush = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('reading the stream', () => {
  it('begins just after its start, and brings changes and what was passed in their order', async () => {
    const ignored: StreamEvent = { kind: 'ignored', position: aPosition(2) };
    const { openedAt, changesAt, passedAt, stop } = readStream([
      change(1),
      ignored,
      idle(3),
      change(4),
    ]);
    await flush();
    expect(openedAt()).toEqual(['after 0']);
    expect(changesAt()).toEqual([1, 4]);
    expect(passedAt()).toEqual([2, 3]);
    await stop();
  });

  it('reads nothing more while a change waits for room', async () => {
    const room = deferred<undefined>();
    const { source, changesAt, passedAt, stop } = readStream([change(1), idle(2)], {
      untilRoom: async () => await room.promise,
    });
    await flush();
    expect(changesAt()).toEqual([]);
    expect(source.changesRead).toBe(1);
    expect(passedAt()).toEqual([]);
    room.resolve(undefined);
    await flush();
    expect(changesAt()).toEqual([1]);
    expect(passedAt()).toEqual([2]);
    await stop();
  });

  it('reports that the stream is open and turns, and how far it is', async () => {
    const { health, metrics, logger, stop } = readStream([change(1), idle(2)]);
    await flush();
    const turned = [['streamOpen'], ['turned', 'stream']];
    const waited = [
      ['waits', 'stream'],
      ['turned', 'stream'],
    ];
    expect(health.reported).toEqual([...turned, ...waited, ...turned]);
    expect(metrics.reported).toEqual([
      ['streamRead', { empty: false, wallTime: aPosition(1).wallTime }],
      ['streamRead', { empty: true, wallTime: aPosition(2).wallTime }],
    ]);
    expect(logger.of('stream_opened')).toHaveLength(1);
    await stop();
  });
});

describe('the loop is not taken for hung', () => {
  const hours = async (): Promise<void> => await jest.advanceTimersByTimeAsync(5 * 3_600_000);

  it('while MongoDB does not answer: a restart would fix nothing', async () => {
    const failures = Array.from({ length: 5_000 }, () => failure('transient'));
    const health = createHealth();
    const { stop } = readStream([idle(1), ...failures], { health });
    await hours();
    expect(health.ready().components['stream']?.status).toBe('fail');
    expect(health.live().status).toBe('ok');
    await stop();
  });

  it('while a change waits for room, as it does for as long as MySQL does not answer', async () => {
    const room = deferred<undefined>();
    const health = createHealth();
    const untilRoom = async (): Promise<void> => await room.promise;
    const { stop } = readStream([change(1)], { health, untilRoom });
    await hours();
    expect(health.live().status).toBe('ok');
    room.resolve(undefined);
    await flush();
    await stop();
  });

  it('but is, when an opening never comes back', async () => {
    const health = createHealth();
    const never = deferred<undefined>();
    let opened = 0;
    const turn = async (port: string): Promise<void> => {
      if (port !== 'open') return;
      opened += 1;
      if (opened > 1) await never.promise;
    };
    const { stop } = readStream([change(1), failure('transient')], { health, turn });
    await hours();
    expect(health.live().status).toBe('fail');
    never.resolve(undefined);
    await stop();
  });
});

describe('a stop', () => {
  it('closes the stream, whose read may be waiting, and ends the reading without a word', async () => {
    const { source, logger, done, stopping } = readStream([change(1)]);
    await flush();
    expect(source.isCaughtUp).toBe(true);
    stopping.abort(reason);
    await expect(done).resolves.toBeUndefined();
    expect(source.openHandles).toBe(0);
    expect(logger.of('stream_reopening')).toEqual([]);
  });

  it('ends a wait for reopening', async () => {
    const { source, done, stopping } = readStream([failure('denied')]);
    await flush();
    const seen = watch(done);
    stopping.abort(reason);
    await flush();
    expect(seen.isSettled).toBe(true);
    expect(source.opened).toHaveLength(1);
  });

  it('ends the reading while a change waits for room', async () => {
    const { done, stopping, changesAt, logger } = readStream([change(1), change(2)], {
      async untilRoom() {
        stopping.abort(reason);
        throw await Promise.resolve(reason);
      },
    });
    await expect(done).resolves.toBeUndefined();
    expect(changesAt()).toEqual([]);
    expect(logger.of('stream_reopening')).toEqual([]);
  });

  it('that came before opens nothing', async () => {
    const source = createFakeSource();
    const { logger, metrics, health } = createWorld();
    const reader = createStreamReader({
      source,
      start: aPosition(0),
      logger,
      metrics,
      health,
      stopping: AbortSignal.abort(reason),
    });
    await expect(reader.read()).rejects.toBe(reason);
    expect(source.opened).toEqual([]);
  });
});
