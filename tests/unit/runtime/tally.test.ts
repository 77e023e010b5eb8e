import { describe, expect, it } from '@jest/globals';
import { createTally } from '../../../src/runtime/tally.ts';
import { watch } from '../../support/recorders.ts';

const aMoment = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
};

describe('a tally', () => {
  it('is empty at the start', async () => {
    await expect(createTally().empty()).resolves.toBeUndefined();
  });

  it('is empty when all have left', async () => {
    const tally = createTally();
    const leaves = [tally.enter(), tally.enter(), tally.enter()];
    const empty = watch(tally.empty());
    leaves[2]?.();
    leaves[0]?.();
    await aMoment();
    expect(empty.isSettled).toBe(false);
    leaves[1]?.();
    await aMoment();
    expect(empty.isSettled).toBe(true);
  });

  it('counts nobody twice who leaves twice', async () => {
    const tally = createTally();
    const leave = tally.enter();
    tally.enter();
    leave();
    leave();
    const empty = watch(tally.empty());
    await aMoment();
    expect(empty.isSettled).toBe(false);
  });

  it('can be waited for by many, and again after that', async () => {
    const tally = createTally();
    const first = tally.enter();
    const waiting = [tally.empty(), tally.empty()];
    first();
    await Promise.all(waiting);
    const second = tally.enter();
    const later = tally.empty();
    second();
    await expect(later).resolves.toBeUndefined();
  });
});
