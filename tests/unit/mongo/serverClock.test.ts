import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createServerClock, type WatchedServerClock } from '../../../src/mongo/serverClock.ts';

const HOUR_MS = 3_600_000;

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse('2026-01-31T10:00:00Z') });
});
afterEach(() => {
  jest.useRealTimers();
});

/** A server whose clock is off by so much from the time there really is. */
function ask(clock: WatchedServerClock, offMs: number, roundTripMs = 0): void {
  const askedAtMs = performance.now();
  jest.advanceTimersByTime(roundTripMs / 2);
  const serverTime = new Date(Date.now() + offMs);
  jest.advanceTimersByTime(roundTripMs / 2);
  clock.learn(serverTime, askedAtMs);
}

describe('the clock of the server', () => {
  it('is this one before the first look', () => {
    expect(createServerClock().now()).toBe(Date.now());
  });

  it('goes on by a steady clock, wherever the wall clock is set', () => {
    const clock = createServerClock();
    ask(clock, 0);
    const trueTime = Date.now();
    jest.setSystemTime(trueTime + 40 * HOUR_MS);
    expect(clock.now()).toBe(trueTime);
    jest.setSystemTime(trueTime - 80 * HOUR_MS);
    jest.advanceTimersByTime(5_000);
    expect(clock.now()).toBe(trueTime + 5_000);
  });

  it('is taken to be as it was in the middle of the question', () => {
    const clock = createServerClock();
    ask(clock, -7_000, 300);
    expect(clock.now()).toBe(Date.now() - 7_000);
  });

  it('is not moved by an answer that was long in progress and may be right', () => {
    const clock = createServerClock();
    ask(clock, 0, 2);
    // Frozen after it had looked at its clock.
    const askedAtMs = performance.now();
    const serverTime = new Date();
    jest.advanceTimersByTime(50_000);
    clock.learn(serverTime, askedAtMs);
    expect(clock.now()).toBe(Date.now());
  });

  it.each([40_000, -40_000, 40 * HOUR_MS])(
    'is followed to another server, or when it is set: %i ms',
    (offMs) => {
      const clock = createServerClock();
      ask(clock, 0, 2);
      ask(clock, offMs, 400);
      expect(clock.now()).toBe(Date.now() + offMs);
    },
  );

  it('is followed as it drifts, with answers no quicker than the first', () => {
    const clock = createServerClock();
    ask(clock, 0, 2);
    jest.advanceTimersByTime(60_000);
    ask(clock, 20, 10);
    expect(clock.now()).toBe(Date.now() + 20);
  });
});
