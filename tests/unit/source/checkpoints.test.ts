import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { saveCheckpoints } from '../../../src/source/checkpoints.ts';
import { createUnacked } from '../../../src/source/unacked.ts';
import { createWatermark } from '../../../src/source/watermark.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aPosition } from '../../support/builders.ts';
import { createFakeCheckpoints } from '../../support/fakeCheckpoints.ts';
import { deferred, type Turn } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld } from '../../support/world.ts';

const seconds = async (count: number): Promise<void> =>
  await jest.advanceTimersByTimeAsync(count * 1_000);

/** The saving of a watermark at position 0, each save after its turn. */
function begin(turn?: Turn) {
  const world = createWorld({ checkpoints: createFakeCheckpoints(null, turn) });
  const watermark = createWatermark(aPosition(0), createUnacked(100));
  const { checkpoints, logger, metrics, health, stopping } = world;
  const partition = { id: '0', save: checkpoints.save, stopping: stopping.signal };
  const done = saveCheckpoints({ partition, watermark, logger, metrics, health });
  return {
    ...world,
    watermark,
    done,
    admit: (at: number) => watermark.admit(aPosition(at)),
    saved: () => checkpoints.saved.map(({ opaque }) => opaque),
    async stop(): Promise<void> {
      stopping.abort(new Stopping());
      await done;
    },
  };
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the checkpoint', () => {
  it('is saved within a second of its moving over an acknowledged change, and once', async () => {
    const { admit, saved, metrics, stop } = begin();
    const ack = admit(1);
    await seconds(2);
    expect(saved()).toEqual([]);
    ack();
    await seconds(1);
    expect(saved()).toEqual([1]);
    await seconds(60);
    expect(saved()).toEqual([1]);
    expect(metrics.reported).toEqual([['checkpointAt', '0', aPosition(1).wallTime]]);
    await stop();
  });

  it('is saved once a second at most, however fast it moves', async () => {
    const { admit, saved, stop } = begin();
    for (const at of [1, 2, 3]) admit(at)();
    await seconds(1);
    for (const at of [4, 5]) admit(at)();
    await jest.advanceTimersByTimeAsync(999);
    expect(saved()).toEqual([3]);
    await jest.advanceTimersByTimeAsync(1);
    expect(saved()).toEqual([3, 5]);
    await stop();
  });

  it('is not saved when a change is acknowledged that is not the oldest', async () => {
    const { admit, saved, stop } = begin();
    admit(1);
    admit(2)();
    await seconds(60);
    expect(saved()).toEqual([]);
    await stop();
  });

  it('is saved every ten seconds when only time has moved it', async () => {
    const { watermark, saved, stop } = begin();
    for (let at = 1; at <= 25; at += 1) {
      watermark.pass(aPosition(at));
      await seconds(1);
    }
    expect(saved()).toEqual([10, 20]);
    await stop();
  });

  it('is not saved when it has not moved at all', async () => {
    const { saved, stop } = begin();
    await seconds(60);
    expect(saved()).toEqual([]);
    await stop();
  });

  it('is saved again after a save that failed, which is logged', async () => {
    const failure = new Error('no primary');
    let failures = 2;
    const { admit, saved, logger, metrics, stop } = begin(() => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(failure) : Promise.resolve();
    });
    admit(1)();
    await seconds(2);
    expect(saved()).toEqual([]);
    expect(metrics.reported).toEqual([]);
    await seconds(1);
    expect(saved()).toEqual([1]);
    const line = { level: 'warn', event: 'checkpoint_save_failed', fields: { error: failure } };
    expect(logger.lines).toEqual([line, line]);
    await stop();
  });

  it('is saved one at a time', async () => {
    const held = deferred<undefined>();
    let saves = 0;
    const { admit, saved, stop } = begin(async () => {
      saves += 1;
      await held.promise;
    });
    admit(1)();
    await seconds(1);
    admit(2)();
    await seconds(5);
    expect(saves).toBe(1);
    held.resolve(undefined);
    await seconds(1);
    expect(saved()).toEqual([1, 2]);
    await stop();
  });
});

describe('the loop', () => {
  it('is seen to turn every second, whether there is something to save or not', async () => {
    const { health, stop } = begin();
    await seconds(3);
    expect(health.reported).toEqual([1, 2, 3].map(() => ['turned', 'checkpoint']));
    await stop();
  });

  it('ends at once when the worker is to stop, and leaves the last save to others', async () => {
    const { admit, saved, done, stopping } = begin();
    admit(1)();
    const seen = watch(done);
    stopping.abort(new Stopping());
    await jest.advanceTimersByTimeAsync(0);
    expect(seen.isSettled).toBe(true);
    expect(saved()).toEqual([]);
  });

  it('does not wait for a running save when it has to end, as it may go over a dead connection', async () => {
    const { admit, saved, done, stopping } = begin(async () => await deferred<undefined>().promise);
    admit(1)();
    await seconds(1);
    stopping.abort(new Stopping());
    await done;
    expect(saved()).toEqual([]);
  });

  it('ends with a save that is fenced off', async () => {
    const { admit, checkpoints, done, saved } = begin();
    const { state } = checkpoints;
    state.row = { position: aPosition(0), epoch: 2, save: null };
    admit(1)();
    await seconds(1);
    await done;
    expect(saved()).toEqual([]);
  });
});
