import { describe, expect, it } from '@jest/globals';
import { createThrottle } from '../../../../src/console/auth/throttle.ts';

const MINUTE_MS = 60_000;

function throttleAt(startMs: number, mostKeys?: number) {
  const clock = { ms: startMs };
  const limits = mostKeys === undefined ? {} : { mostKeys };
  const throttle = createThrottle({ free: 5, now: () => clock.ms, ...limits });
  const waitMs = (key: string): number => Math.max(0, throttle.opensAt(key) - clock.ms);
  return { clock, throttle, waitMs };
}

describe('a key that fails', () => {
  it('waits from the fifth failure on, twice as long each time, up to a quarter of an hour', () => {
    const { clock, throttle, waitMs } = throttleAt(1_000_000);
    const waits = Array.from({ length: 17 }, () => {
      throttle.failed('asha');
      const wait = waitMs('asha');
      clock.ms += wait;
      expect(waitMs('asha')).toBe(0);
      return wait / 1_000;
    });
    expect(waits.slice(0, 8)).toEqual([0, 0, 0, 0, 1, 2, 4, 8]);
    expect(waits.slice(-4)).toEqual([512, 900, 900, 900]);
  });

  it('makes no other key wait', () => {
    const { throttle, waitMs } = throttleAt(0);
    for (let failure = 0; failure < 9; failure += 1) throttle.failed('asha');
    expect(waitMs('asha')).toBe(16_000);
    expect(waitMs('Asha')).toBe(0);
  });

  it('begins anew an hour after its last failure, and when it succeeds', () => {
    const { clock, throttle, waitMs } = throttleAt(0);
    for (let failure = 0; failure < 12; failure += 1) throttle.failed('asha');
    clock.ms += 60 * MINUTE_MS;
    throttle.failed('asha');
    expect(waitMs('asha')).toBe(0);
    for (let failure = 0; failure < 12; failure += 1) throttle.failed('asha');
    throttle.forget('asha');
    expect(waitMs('asha')).toBe(0);
  });
});

describe('many keys', () => {
  it('take no more memory than some of them, and push out who failed longest ago', () => {
    const { throttle, waitMs } = throttleAt(0, 100);
    for (let failure = 0; failure < 6; failure += 1) throttle.failed('first');
    for (let failure = 0; failure < 6; failure += 1) throttle.failed('again');
    for (let key = 0; key < 98; key += 1) throttle.failed(`key ${key}`);
    throttle.failed('again');
    for (let key = 0; key < 50; key += 1) throttle.failed(`more ${key}`);
    expect(throttle.size()).toBe(100);
    expect(waitMs('first')).toBe(0);
    expect(waitMs('again')).toBe(4_000);
  });
});
