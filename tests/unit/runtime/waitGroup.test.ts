import { describe, expect, it } from '@jest/globals';
import { createWaitGroup } from '../../../src/runtime/waitGroup.ts';
import { watch } from '../../support/recorders.ts';

const aMoment = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
};

describe('a tally', () => {
  it('is empty at the start', async () => {
    await expect(createWaitGroup().wait()).resolves.toBeUndefined();
  });

  it('is empty when all have left', async () => {
    const tally = createWaitGroup();
    const leaves = [tally.add(), tally.add(), tally.add()];
    const empty = watch(tally.wait());
    leaves[2]?.();
    leaves[0]?.();
    await aMoment();
    expect(empty.isSettled).toBe(false);
    leaves[1]?.();
    await aMoment();
    expect(empty.isSettled).toBe(true);
  });

  it('counts nobody twice who leaves twice', async () => {
    const tally = createWaitGroup();
    const leave = tally.add();
    tally.add();
    leave();
    leave();
    const empty = watch(tally.wait());
    await aMoment();
    expect(empty.isSettled).toBe(false);
  });

  it('can be waited for by many, and again after that', async () => {
    const tally = createWaitGroup();
    const first = tally.add();
    const waiting = [tally.wait(), tally.wait()];
    first();
    await Promise.all(waiting);
    const second = tally.add();
    const later = tally.wait();
    second();
    await expect(later).resolves.toBeUndefined();
  });
});
