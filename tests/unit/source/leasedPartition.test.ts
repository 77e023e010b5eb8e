import { describe, expect, it, jest } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Partition } from '../../../src/ports/source.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createLeasedPartition, openPartition } from '../../../src/source/leasedPartition.ts';
import { aPosition } from '../../support/builders.ts';
import { createFakeCheckpoints, type FakeCheckpoints } from '../../support/fakeCheckpoints.ts';
import { createFakeLeases } from '../../support/fakeLeases.ts';
import { createFakeSource } from '../../support/fakePorts.ts';
import { change, idle } from '../../support/readStream.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld } from '../../support/world.ts';

const overtaken = { position: aPosition(0), epoch: 2, save: null };
const cause = 'its checkpoint was written by another, or turned back';

/** A partition from place 0, of a term that takes note of what is done to it. */
async function open(checkpoints: FakeCheckpoints = createFakeCheckpoints(aPosition(0))) {
  const source = createFakeSource(undefined, aPosition(2));
  const world = createWorld({ source, checkpoints });
  const lose = jest.fn();
  const release = jest.fn(() => Promise.resolve());
  const stopping = world.stopping.signal;
  const term = { epoch: 1, stopping, isHeld: () => true, lose, release };
  const partition = await openPartition(term, { ...world, startAt: null });
  return { ...world, partition, lose, release };
}

async function opened(checkpoints?: FakeCheckpoints) {
  const { partition, ...rest } = await open(checkpoints);
  if (partition === null) throw new Error('the term was lost');
  return { ...rest, partition };
}

describe('a partition', () => {
  it('is read from its start on, which is saved before', async () => {
    const { partition, source, checkpoints, metrics, stopping } = await opened();
    expect(partition).toMatchObject({ epoch: 1, start: aPosition(0) });
    expect(metrics.reported).toEqual([['checkpointAt', '0', aPosition(0).wallTime]]);
    source.append(change(1), idle(2));
    expect(await partition.read()).toMatchObject({ kind: 'change' });
    expect(await partition.read()).toEqual({ kind: 'passed', position: aPosition(2) });
    expect(checkpoints.state.row?.position).toEqual(aPosition(0));
    stopping.abort(new Stopping());
  });

  it('has caught up once what was read up to the present is being processed', async () => {
    const { partition, source, stopping } = await opened();
    const caughtUp = watch(partition.caughtUp());
    source.append(change(1), change(2));
    await partition.read();
    await partition.read();
    await turn();
    expect(caughtUp.isSettled).toBe(false);
    const reading = partition.read();
    await turn();
    expect(caughtUp.isSettled).toBe(true);
    stopping.abort(new Stopping());
    await expect(reading).rejects.toThrow(Stopping);
  });

  it('loses its term with a save that is fenced off', async () => {
    const { partition, checkpoints, lose } = await opened();
    expect(await partition.save(aPosition(1))).toBe('saved');
    expect(lose).not.toHaveBeenCalled();
    checkpoints.state.row = overtaken;
    expect(await partition.save(aPosition(2))).toBe('fenced');
    expect(lose.mock.calls).toEqual([[cause]]);
  });

  it('can still be handed over when its last save is fenced off', async () => {
    const { partition, checkpoints, lose, stopping } = await opened();
    checkpoints.state.row = overtaken;
    stopping.abort(new Stopping());
    expect(await partition.save(aPosition(2))).toBe('fenced');
    expect(lose).not.toHaveBeenCalled();
  });

  it('is not opened by a term whose first save is fenced off', async () => {
    const checkpoints = createFakeCheckpoints();
    checkpoints.state.row = overtaken;
    const load = (): Promise<null> => Promise.resolve(null);
    const { partition, lose } = await open({ ...checkpoints, load });
    expect(partition).toBeNull();
    expect(lose.mock.calls).toEqual([[cause]]);
  });

  it('leaves no stream open when it is released', async () => {
    const { partition, source, release } = await opened();
    source.append(idle(1));
    await partition.read();
    expect(source.openHandles).toBe(1);
    await partition.release();
    expect(source.openHandles).toBe(0);
    expect(release).toHaveBeenCalledTimes(1);
  });
});

describe('a leased partition', () => {
  it('is handed out to the holder of the lease, and released when its work has failed', async () => {
    const world = createWorld({ checkpoints: createFakeCheckpoints(aPosition(0)) });
    const leases = createFakeLeases(60_000);
    const standbys = { seen: () => Promise.resolve(), left: () => Promise.resolve() };
    const storesOf = () => world;
    const partitions = createLeasedPartition({
      ...{ ...world, leases, standbys, ttlMs: 60_000, startAt: null, storesOf },
    });
    const bug = new TypeError('undefined is not a function');
    const handedOut: Partition[] = [];
    const work = async (partition: Partition): Promise<void> => {
      handedOut.push(partition);
      throw await Promise.resolve(bug);
    };
    await expect(partitions.run(work, world.stopping.signal)).rejects.toBe(bug);
    expect(handedOut).toMatchObject([{ epoch: 1, start: aPosition(0) }]);
    expect(leases.calls).toEqual(['acquire', 'release 1']);
  });
});
