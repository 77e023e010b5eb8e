import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createReadAhead } from '../../../src/source/readAhead.ts';
import { watch } from '../../support/recorders.ts';

const never = new AbortController().signal;
let inHand = 0;

beforeEach(() => {
  jest.useFakeTimers();
  inHand = 0;
});
afterEach(() => {
  jest.useRealTimers();
});

/** How many more may be begun, one after the other, before there is a pause. */
async function countUntilPause(
  mayBegin: (stopping: AbortSignal) => Promise<void>,
): Promise<number> {
  for (let count = 0; ; count += 1) {
    const begun = watch(mayBegin(never));
    await jest.advanceTimersByTimeAsync(0);
    if (!begun.isSettled) return count;
    inHand += 1;
  }
}

describe('reading ahead', () => {
  it('pauses at 192 changes in hand, until 96 are left', async () => {
    const mayBegin = createReadAhead(() => inHand);
    expect(await countUntilPause(mayBegin)).toBe(192);
    const begun = watch(mayBegin(never));
    inHand = 97;
    await jest.advanceTimersByTimeAsync(10);
    expect(begun.isSettled).toBe(false);
    inHand = 96;
    await jest.advanceTimersByTimeAsync(1);
    expect(begun.isSettled).toBe(true);
  });

  it('goes on after 50 ms beside what is stuck, with as many more', async () => {
    const mayBegin = createReadAhead(() => inHand);
    await countUntilPause(mayBegin);
    const begun = watch(mayBegin(never));
    await jest.advanceTimersByTimeAsync(49);
    expect(begun.isSettled).toBe(false);
    await jest.advanceTimersByTimeAsync(2);
    expect(begun.isSettled).toBe(true);
    expect(await countUntilPause(mayBegin)).toBe(192);
  });

  it('takes what has gone on for stuck no longer', async () => {
    const mayBegin = createReadAhead(() => inHand);
    await countUntilPause(mayBegin);
    await jest.advanceTimersByTimeAsync(60);
    inHand = 10;
    await mayBegin(never);
    inHand = 0;
    await mayBegin(never);
    expect(await countUntilPause(mayBegin)).toBe(192);
  });

  it('ends a pause at a stop', async () => {
    const stop = new AbortController();
    const mayBegin = createReadAhead(() => 500);
    const begun = watch(mayBegin(stop.signal));
    await jest.advanceTimersByTimeAsync(5);
    expect(begun.isSettled).toBe(false);
    stop.abort(new Error('stopping'));
    await jest.advanceTimersByTimeAsync(0);
    expect(begun.isSettled).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });
});
