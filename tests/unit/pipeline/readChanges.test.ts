import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Change, StreamPosition } from '../../../src/domain/change.ts';
import { StreamFailure, type StreamFailureKind } from '../../../src/domain/streamFailure.ts';
import { createHealth } from '../../../src/observability/health.ts';
import type { LoopHealth, StreamRead } from '../../../src/pipeline/ports.ts';
import { readChanges } from '../../../src/pipeline/readChanges.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { ConfigurationError } from '../../../src/runtime/errors.ts';
import { aChange, aPosition } from '../../support/builders.ts';
import { createFakeSource, deferred, reading } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld } from '../../support/world.ts';

const reason = new Stopping();
const change = (at: number): StreamRead => reading(aChange({ position: aPosition(at) }));
const idle = (at: number): StreamRead => ({ kind: 'idle', position: aPosition(at) });
const failure = (kind: StreamFailureKind): StreamFailure =>
  new StreamFailure(kind, `code of ${kind}`, new Error('it ended'));
const flush = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);

/** Reads a stream in which `happenings` happen, from position 0. */
function begin(
  happenings: readonly (StreamRead | Error)[],
  options: { readonly health?: LoopHealth; onChange?(change: Change): Promise<void> } = {},
) {
  const source = createFakeSource();
  source.append(...happenings);
  const world = createWorld({ source });
  const { logger, metrics, health, stopping } = world;
  const changes: Change[] = [];
  const passed: StreamPosition[] = [];
  const done = readChanges({
    source,
    start: aPosition(0),
    async onChange(taken) {
      changes.push(taken);
      await options.onChange?.(taken);
    },
    onPassed: (position) => passed.push(position),
    logger,
    metrics,
    health: options.health ?? health,
    stopping: stopping.signal,
  });
  const stop = async (): Promise<void> => {
    stopping.abort(reason);
    await done;
  };
  const placesOf = (positions: readonly StreamPosition[]): unknown[] =>
    positions.map(({ opaque }) => opaque);
  return {
    ...world,
    done,
    stop,
    changesAt: () => placesOf(changes.map(({ position }) => position)),
    passedAt: () => placesOf(passed),
    openedAt: () =>
      source.opened.map(
        ({ position, replay }) => `${replay ? 'at' : 'after'} ${Number(position.opaque)}`,
      ),
  };
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('reading the stream', () => {
  it('begins just after its start, and hands on changes and what was passed in their order', async () => {
    const ignored: StreamRead = { kind: 'ignored', position: aPosition(2) };
    const { openedAt, changesAt, passedAt, stop } = begin([change(1), ignored, idle(3), change(4)]);
    await flush();
    expect(openedAt()).toEqual(['after 0']);
    expect(changesAt()).toEqual([1, 4]);
    expect(passedAt()).toEqual([2, 3]);
    await stop();
  });

  it('reads nothing more while a change waits to be taken in', async () => {
    const room = deferred<undefined>();
    const { source, changesAt, passedAt, stop } = begin([change(1), idle(2)], {
      onChange: async () => await room.promise,
    });
    await flush();
    expect(changesAt()).toEqual([1]);
    expect(source.changesRead).toBe(1);
    expect(passedAt()).toEqual([]);
    room.resolve(undefined);
    await flush();
    expect(passedAt()).toEqual([2]);
    await stop();
  });

  it('tells that the stream is open and turns, and how far it is', async () => {
    const { health, metrics, logger, stop } = begin([change(1), idle(2)]);
    await flush();
    const turned = [['streamOpen'], ['turned', 'stream']];
    const taken = [
      ['waits', 'stream'],
      ['turned', 'stream'],
    ];
    expect(health.told).toEqual([...turned, ...taken, ...turned]);
    expect(metrics.told).toEqual([
      ['streamRead', { empty: false, wallTime: aPosition(1).wallTime }],
      ['streamRead', { empty: true, wallTime: aPosition(2).wallTime }],
    ]);
    expect(logger.of('stream_opened')).toHaveLength(1);
    await stop();
  });
});

describe('a stream that ends', () => {
  it('is opened again after the last position read, also when nothing of ours was there', async () => {
    const { openedAt, changesAt, stop } = begin([
      change(1),
      failure('transient'),
      change(2),
      idle(3),
      failure('transient'),
      change(4),
    ]);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(openedAt()).toEqual(['after 0', 'after 1', 'after 3']);
    expect(changesAt()).toEqual([1, 2, 4]);
    await stop();
  });

  it('tells why, and what is being done about it', async () => {
    const error = failure('transient');
    const { logger, metrics, health, stop } = begin([error]);
    await flush();
    const fields = { cause: 'code of transient', waitMs: expect.any(Number), error };
    expect(logger.lines).toEqual([{ level: 'warn', event: 'stream_reopening', fields }]);
    expect(metrics.told).toEqual([['streamReopened', 'code of transient']]);
    expect(health.told).toContainEqual([
      'streamDown',
      expect.stringMatching(/^the change stream ended: it ended; reopening in \d+ ms$/),
    ]);
    await stop();
  });

  it.each<[StreamFailureKind, number]>([
    ['transient', 250],
    ['tokenUnusable', 250],
    ['historyLost', 15_000],
    ['denied', 15_000],
  ])('for %s is not opened again before %i ms', async (kind, leastMs) => {
    const { source, stop } = begin([failure(kind)]);
    await jest.advanceTimersByTimeAsync(leastMs - 1);
    expect(source.opened).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(leastMs + 2);
    expect(source.opened).toHaveLength(2);
    await stop();
  });

  it('again and again is opened after longer and longer waits, after a good read the first one', async () => {
    const failures = Array.from({ length: 9 }, () => failure('transient'));
    const { logger, stop } = begin([...failures, idle(1), failure('transient')]);
    await jest.advanceTimersByTimeAsync(300_000);
    const waits = logger.of('stream_reopening').map(({ fields }) => Number(fields['waitMs']));
    expect(waits).toHaveLength(10);
    for (const [index, waitMs] of waits.entries()) {
      const ceiling = index === 9 ? 500 : Math.min(500 * 2 ** index, 30_000);
      expect(waitMs).toBeGreaterThanOrEqual(ceiling / 2);
      expect(waitMs).toBeLessThanOrEqual(ceiling);
    }
    await stop();
  });

  it('because its token is refused is opened at the time of the last position, seeing it again', async () => {
    const { openedAt, changesAt, stop } = begin([
      change(1),
      failure('tokenUnusable'),
      change(2),
      failure('transient'),
      change(3),
    ]);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(openedAt()).toEqual(['after 0', 'at 1', 'after 2']);
    expect(changesAt()).toEqual([1, 1, 2, 3]);
    await stop();
  });

  it('because its history is lost is an error somebody must see', async () => {
    const error = failure('historyLost');
    const { logger, stop } = begin([error]);
    await flush();
    const fields = { cause: 'code of historyLost', error };
    expect(logger.of('stream_history_lost')).toEqual([
      { level: 'error', event: 'stream_history_lost', fields },
    ]);
    await stop();
  });

  const gone: StreamRead = { kind: 'collectionGone', position: aPosition(2), operation: 'drop' };

  it('with its collection is passed, and opened again where it ended', async () => {
    const { openedAt, passedAt, changesAt, metrics, stop } = begin([change(1), gone, change(3)]);
    await flush();
    expect(passedAt()).toEqual([2]);
    expect(metrics.told).toContainEqual(['streamReopened', 'drop']);
    await jest.advanceTimersByTimeAsync(500);
    expect(openedAt()).toEqual(['after 0', 'after 2']);
    expect(changesAt()).toEqual([1, 3]);
    await stop();
  });

  it('with its collection is an error somebody must see', async () => {
    const { logger, stop } = begin([gone]);
    await flush();
    const fields = { cause: 'drop' };
    expect(logger.of('collection_gone')).toEqual([
      { level: 'error', event: 'collection_gone', fields },
    ]);
    await stop();
  });

  it('and cannot be had on this server, is a matter of configuration', async () => {
    const error = failure('unsupported');
    const { done, source } = begin([error]);
    const rejection: unknown = await done.catch((thrown: unknown) => thrown);
    expect(rejection).toBeInstanceOf(ConfigurationError);
    expect(rejection).toMatchObject({ cause: error });
    expect(source.openHandles).toBe(0);
  });

  it('by a bug, ends the reading with it', async () => {
    const bug = new TypeError('undefined is not a function');
    const { done, source } = begin([change(1)], { onChange: () => Promise.reject(bug) });
    await expect(done).rejects.toBe(bug);
    expect(source.openHandles).toBe(0);
  });

  it('leaves no handle open', async () => {
    const { source, stop } = begin([failure('transient'), change(1), failure('transient')]);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(source.opened).toHaveLength(3);
    expect(source.openHandles).toBe(1);
    await stop();
    expect(source.openHandles).toBe(0);
  });
});

describe('the loop is not taken for hung', () => {
  const hours = async (): Promise<void> => await jest.advanceTimersByTimeAsync(5 * 3_600_000);

  it('while MongoDB does not answer: a restart would mend nothing', async () => {
    const failures = Array.from({ length: 5_000 }, () => failure('transient'));
    const health = createHealth();
    const { stop } = begin([idle(1), ...failures], { health });
    await hours();
    expect(health.ready().components['stream']?.status).toBe('fail');
    expect(health.live().status).toBe('ok');
    await stop();
  });

  it('while a change waits to be taken in, as it does for as long as MySQL does not answer', async () => {
    const room = deferred<undefined>();
    const health = createHealth();
    const onChange = async (): Promise<void> => await room.promise;
    const { stop } = begin([change(1)], { health, onChange });
    await hours();
    expect(health.live().status).toBe('ok');
    room.resolve(undefined);
    await flush();
    await stop();
  });

  it('but is, when a read of an open stream never comes back', async () => {
    const health = createHealth();
    const { stop } = begin([change(1)], { health });
    await hours();
    expect(health.live().status).toBe('fail');
    await stop();
  });
});

describe('a stop', () => {
  it('closes the stream, whose read may be waiting, and ends the reading without a word', async () => {
    const { source, logger, done, stopping } = begin([change(1)]);
    await flush();
    expect(source.isCaughtUp).toBe(true);
    stopping.abort(reason);
    await expect(done).resolves.toBeUndefined();
    expect(source.openHandles).toBe(0);
    expect(logger.of('stream_reopening')).toEqual([]);
  });

  it('ends a wait for reopening', async () => {
    const { source, done, stopping } = begin([failure('denied')]);
    await flush();
    const seen = watch(done);
    stopping.abort(reason);
    await flush();
    expect(seen.isSettled).toBe(true);
    expect(source.opened).toHaveLength(1);
  });

  it('ends the reading when a change cannot be taken in any more', async () => {
    const { done, stopping, logger } = begin([change(1), change(2)], {
      async onChange() {
        stopping.abort(reason);
        throw await Promise.resolve(reason);
      },
    });
    await expect(done).resolves.toBeUndefined();
    expect(logger.of('stream_reopening')).toEqual([]);
  });

  it('that came before opens nothing', async () => {
    const source = createFakeSource();
    const { logger, metrics, health } = createWorld();
    await readChanges({
      source,
      start: aPosition(0),
      onChange: () => Promise.resolve(),
      onPassed: () => undefined,
      logger,
      metrics,
      health,
      stopping: AbortSignal.abort(reason),
    });
    expect(source.opened).toEqual([]);
  });
});
