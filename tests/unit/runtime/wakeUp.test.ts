import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createWakeUp } from '../../../src/runtime/wakeUp.ts';
import { Stopping } from '../../../src/runtime/abort.ts';

const rest = { atLeastMs: 100, atMostMs: 1_000 };
const never = new AbortController().signal;

/** Rests, and says after how long it was over. */
async function restedMs(wakeUp: ReturnType<typeof createWakeUp>, during?: () => void) {
  const startedAt = Date.now();
  let endedAt: number | null = null;
  const resting = wakeUp.sleep(rest, never).then(() => (endedAt = Date.now()));
  await jest.advanceTimersByTimeAsync(50);
  during?.();
  await jest.advanceTimersByTimeAsync(2_000);
  await resting;
  return (endedAt ?? Number.NaN) - startedAt;
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a rest', () => {
  it('lasts its longer time when nothing happens', async () => {
    expect(await restedMs(createWakeUp())).toBe(1_000);
  });

  it('lasts its shorter time when a wake-up came before it or early in it', async () => {
    const wakeUp = createWakeUp();
    wakeUp.wake();
    wakeUp.wake();
    expect(await restedMs(wakeUp)).toBe(100);
    expect(await restedMs(wakeUp, () => wakeUp.wake())).toBe(100);
    expect(await restedMs(wakeUp)).toBe(1_000);
  });

  it('ends at once with a wake-up after its shorter time', async () => {
    const wakeUp = createWakeUp();
    setTimeout(() => wakeUp.wake(), 400);
    expect(await restedMs(wakeUp)).toBe(400);
    expect(await restedMs(wakeUp)).toBe(1_000);
  });

  it('leaves nothing behind at a signal that lives long', async () => {
    const stop = new AbortController();
    const wakeUp = createWakeUp();
    for (let count = 0; count < 10; count += 1) {
      const resting = wakeUp.sleep(rest, stop.signal);
      await jest.advanceTimersByTimeAsync(1_000);
      await resting;
    }
    // Where Node keeps what depends on a signal.
    const kept = Object.getOwnPropertySymbols(stop.signal)
      .filter(({ description }) => description === 'kDependantSignals')
      .map((symbol) => Reflect.get(stop.signal, symbol) as { size: number } | undefined);
    expect(kept.map((each) => each?.size ?? 0).filter((size) => size > 0)).toEqual([]);
  });

  it('ends with a stop, in either part', async () => {
    for (const stopAfterMs of [50, 500]) {
      const stop = new AbortController();
      setTimeout(() => stop.abort(new Stopping()), stopAfterMs);
      const resting = createWakeUp().sleep(rest, stop.signal);
      const ended = expect(resting).resolves.toBeUndefined();
      await jest.advanceTimersByTimeAsync(stopAfterMs);
      await ended;
    }
    expect(jest.getTimerCount()).toBe(0);
  });
});
