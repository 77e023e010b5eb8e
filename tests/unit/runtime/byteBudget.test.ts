import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createByteBudget } from '../../../src/runtime/byteBudget.ts';
import { watch } from '../../support/recorders.ts';

const never = new AbortController().signal;

describe('a budget of bytes', () => {
  it('has room until what is held reaches it, and again when some is given back', async () => {
    const budget = createByteBudget(10);
    const [one, other] = [budget.open(), budget.open()];
    one.add(4);
    other.add(5);
    expect([budget.hasRoom, budget.room]).toEqual([true, 1]);
    other.add(1);
    expect([budget.hasRoom, budget.room]).toEqual([false, 0]);
    const waiting = watch(budget.untilRoom(never));
    await turn();
    expect(waiting.isSettled).toBe(false);
    other.release();
    await turn();
    expect(waiting.isSettled).toBe(true);
    expect(budget.room).toBe(6);
  });

  it('lets one item of any size in, and no more until that is gone', async () => {
    const budget = createByteBudget(10);
    const large = budget.open();
    await budget.untilRoom(never);
    large.add(1_000);
    const waiting = watch(budget.untilRoom(never));
    await turn();
    expect(waiting.isSettled).toBe(false);
    large.release();
    await turn();
    expect(waiting.isSettled).toBe(true);
    expect(budget.room).toBe(10);
  });

  it('takes back once what was held, however often it is given back', () => {
    const budget = createByteBudget(10);
    const hold = budget.open();
    hold.add(3);
    hold.add(3);
    hold.release();
    hold.release();
    expect(budget.room).toBe(10);
  });

  it('keeps nobody waiting after a stop', async () => {
    const budget = createByteBudget(10);
    budget.open().add(10);
    const stopping = new AbortController();
    const waiting = budget.untilRoom(stopping.signal);
    const reason = new Stopping();
    stopping.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(budget.untilRoom(stopping.signal)).rejects.toBe(reason);
  });
});
