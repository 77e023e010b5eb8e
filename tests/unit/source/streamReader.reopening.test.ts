import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  StreamFailure,
  type StreamEvent,
  type StreamFailureKind,
} from '../../../src/ports/source.ts';
import { ConfigurationError } from '../../../src/runtime/errors.ts';
import { aPosition } from '../../support/builders.ts';
import { deferred } from '../../support/fakePorts.ts';
import { change, idle, readStream, silenceMs } from '../../support/readStream.ts';

const failure = (kind: StreamFailureKind): StreamFailure =>
  new StreamFailure(kind, `code of ${kind}`, new Error('it ended'));
const flush = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a stream that ends', () => {
  it('is opened again after the last position read, also when nothing of ours was there', async () => {
    const { openedAt, changesAt, stop } = readStream([
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

  it('says why, and what is being done about it', async () => {
    const error = failure('transient');
    const { logger, metrics, health, stop } = readStream([error]);
    await flush();
    const fields = { cause: 'code of transient', waitMs: expect.any(Number), error };
    expect(logger.lines).toEqual([{ level: 'warn', event: 'stream_reopening', fields }]);
    expect(metrics.reported).toEqual([['streamReopened', 'code of transient']]);
    expect(health.reported).toContainEqual([
      'streamDown',
      expect.stringMatching(/^the change stream ended: it ended; reopening in \d+ ms$/),
    ]);
    await stop();
  });

  it.each<[StreamFailureKind, number, string]>([
    ['transient', 250, 'after 1'],
    ['tokenUnusable', 250, 'at 1'],
    ['unreadable', 50, 'after 1'],
    ['denied', 2_500, 'after 1'],
  ])('for %s is not opened again before %i ms, and then %s', async (kind, leastMs, where) => {
    const { openedAt, stop } = readStream([idle(1), failure(kind)]);
    await jest.advanceTimersByTimeAsync(leastMs - 1);
    expect(openedAt()).toEqual(['after 0']);
    await jest.advanceTimersByTimeAsync(leastMs + 2);
    expect(openedAt()).toEqual(['after 0', where]);
    await stop();
  });

  it('again and again is opened after longer and longer waits, after a good read the first one', async () => {
    const failures = Array.from({ length: 9 }, () => failure('transient'));
    const { logger, stop } = readStream([...failures, idle(1), failure('transient')]);
    await jest.advanceTimersByTimeAsync(300_000);
    const waits = logger.of('stream_reopening').map(({ fields }) => Number(fields['waitMs']));
    expect(waits).toHaveLength(10);
    for (const [index, waitMs] of waits.entries()) {
      const ceiling = index === 9 ? 500 : Math.min(500 * 2 ** index, 10_000);
      expect(waitMs).toBeGreaterThanOrEqual(ceiling / 2);
      expect(waitMs).toBeLessThanOrEqual(ceiling);
    }
    await stop();
  });

  it('in silence is given up in time, and opened again', async () => {
    const { openedAt, metrics, source, stop } = readStream([idle(1)]);
    await jest.advanceTimersByTimeAsync(silenceMs - 1);
    expect(openedAt()).toEqual(['after 0']);
    await jest.advanceTimersByTimeAsync(501);
    expect(openedAt()).toEqual(['after 0', 'after 1']);
    expect(metrics.reported).toContainEqual(['streamReopened', 'silent']);
    expect(source.openHandles).toBe(1);
    await stop();
  });

  it('in silence is given twice the time at each reopening at one place, until it is read', async () => {
    const { openedAt, source, stop } = readStream([]);
    const openings = async (ms: number): Promise<number> => {
      await jest.advanceTimersByTimeAsync(ms);
      return openedAt().length;
    };
    expect(await openings(silenceMs + 1_000)).toBe(2);
    expect(await openings(2 * silenceMs - 2_000)).toBe(2);
    expect(await openings(4_000)).toBe(3);
    expect(await openings(4 * silenceMs - 4_000)).toBe(3);
    expect(await openings(8_000)).toBe(4);
    source.append(idle(1));
    await flush();
    expect(await openings(silenceMs + 1_000)).toBe(5);
    await stop();
  });

  it('because its token is refused is opened at the time of the last position, seeing it again', async () => {
    const { openedAt, changesAt, stop } = readStream([
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
    const { logger, stop } = readStream([error], { now: aPosition(5) });
    await flush();
    const fields = { cause: 'code of historyLost', from: aPosition(0).wallTime, error };
    expect(logger.of('stream_history_lost')).toEqual([
      { level: 'error', event: 'stream_history_lost', fields },
    ]);
    await stop();
  });

  it.each<StreamFailureKind>(['historyLost', 'oversized'])(
    'for %s continues where the gap ends, once that is recorded',
    async (kind) => {
      const durable = deferred<undefined>();
      const gaps: unknown[] = [];
      const { openedAt, changesAt, passedAt, stop } = readStream(
        [idle(1), failure(kind), change(9)],
        {
          now: aPosition(7),
          async addGap(...span) {
            gaps.push(span);
            await durable.promise;
          },
        },
      );
      await jest.advanceTimersByTimeAsync(60_000);
      expect(openedAt()).toEqual(['after 0']);
      expect(gaps).toEqual([[aPosition(1).wallTime, aPosition(7).wallTime]]);
      expect(passedAt()).toEqual([1]);
      durable.resolve(undefined);
      await jest.advanceTimersByTimeAsync(100);
      expect(openedAt()).toEqual(['after 0', 'after 7']);
      expect(passedAt()).toEqual([1, 7]);
      expect(changesAt()).toEqual([9]);
      await stop();
    },
  );

  const gone: StreamEvent = { kind: 'collectionGone', position: aPosition(2), operation: 'drop' };

  it('with its collection is passed, and opened again where it ended', async () => {
    const { openedAt, passedAt, changesAt, metrics, stop } = readStream([
      change(1),
      gone,
      change(3),
    ]);
    await flush();
    expect(passedAt()).toEqual([2]);
    expect(metrics.reported).toContainEqual(['streamReopened', 'drop']);
    await jest.advanceTimersByTimeAsync(500);
    expect(openedAt()).toEqual(['after 0', 'after 2']);
    expect(changesAt()).toEqual([1, 3]);
    await stop();
  });

  it('with its collection has another scanned that may have taken its place, before it is opened again', async () => {
    const durable = deferred<undefined>();
    const gaps: unknown[] = [];
    const { openedAt, stop } = readStream([gone], {
      now: aPosition(5),
      async addGap(...span) {
        gaps.push(span);
        await durable.promise;
      },
    });
    await jest.advanceTimersByTimeAsync(10_000);
    expect(openedAt()).toEqual(['after 0']);
    // From the watermark on, which is still at the start.
    expect(gaps).toEqual([[aPosition(0).wallTime, aPosition(5).wallTime]]);
    durable.resolve(undefined);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(openedAt()).toEqual(['after 0', 'after 2']);
    await stop();
  });

  it('with its collection is an error somebody must see', async () => {
    const { logger, stop } = readStream([gone]);
    await flush();
    const fields = { cause: 'drop' };
    expect(logger.of('collection_gone')).toEqual([
      { level: 'error', event: 'collection_gone', fields },
    ]);
    await stop();
  });

  it('and cannot be had on this server, is a matter of configuration', async () => {
    const error = failure('unsupported');
    const { done, source } = readStream([error]);
    const rejection: unknown = await done.catch((thrown: unknown) => thrown);
    expect(rejection).toBeInstanceOf(ConfigurationError);
    expect(rejection).toMatchObject({ cause: error });
    expect(source.openHandles).toBe(0);
  });

  it('by a bug, ends the reading with it', async () => {
    const bug = new TypeError('undefined is not a function');
    const { done, source } = readStream([change(1)], {
      process() {
        throw bug;
      },
    });
    await expect(done).rejects.toBe(bug);
    expect(source.openHandles).toBe(0);
  });

  it('leaves no handle open', async () => {
    const { source, stop } = readStream([failure('transient'), change(1), failure('transient')]);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(source.opened).toHaveLength(3);
    expect(source.openHandles).toBe(1);
    await stop();
    expect(source.openHandles).toBe(0);
  });
});
