import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createBreaker, type Breaker } from '../../../src/endpoints/breaker.ts';
import { aFailure } from '../../support/builders.ts';

const start = (): Breaker => createBreaker({ threshold: 0.7, cooldownMs: 30_000 }, () => 32);

/** Attempts that end at once: `+` delivered, `-` not. */
function happen(breaker: Breaker, outcomes: string, nowMs = 0): void {
  for (const outcome of outcomes) breaker.ended(outcome === '+' ? null : aFailure, nowMs);
}

describe('a breaker', () => {
  it('is closed while nothing has happened', () => {
    const breaker = start();
    expect(breaker.limit(0)).toBe(Infinity);
    expect(breaker.isOpen).toBe(false);
    expect(breaker.isFresh(0)).toBe(true);
  });

  it.each([
    ['nine failures', '-'.repeat(9), false],
    ['ten failures', '-'.repeat(10), true],
    ['six of ten', '++++------', false],
    ['seven of ten', '+++-------', true],
    ['seven of ten, the last ones delivered', '-------+++', true],
    ['a failure after many deliveries', `${'+'.repeat(90)}${'-'.repeat(10)}`, false],
  ])('after %s: open is %s', (_what, outcomes, isOpen) => {
    const breaker = start();
    happen(breaker, outcomes);
    expect(breaker.isOpen).toBe(isOpen);
    expect(breaker.limit(0)).toBe(isOpen ? 0 : Infinity);
  });

  it('counts the last minute only', () => {
    const breaker = start();
    happen(breaker, '-----', 0);
    happen(breaker, '----', 30_000);
    happen(breaker, '-', 60_000);
    expect(breaker.isOpen).toBe(false);
    happen(breaker, '-----', 61_000);
    expect(breaker.isOpen).toBe(true);
  });

  it('forgets what was long ago', () => {
    const breaker = start();
    happen(breaker, '---', 5_000);
    expect(breaker.isFresh(64_000)).toBe(false);
    expect(breaker.isFresh(65_000)).toBe(true);
    expect(breaker.isFresh(1e9)).toBe(true);
  });
});

describe('an open breaker', () => {
  function opened(): Breaker {
    const breaker = start();
    happen(breaker, '-'.repeat(10), 1_000);
    return breaker;
  }

  it('lets one call through after the cooldown', () => {
    const breaker = opened();
    expect(breaker.limit(30_999)).toBe(0);
    expect(breaker.limit(31_000)).toBe(1);
    expect(breaker.isOpen).toBe(true);
  });

  it('stays as it is when calls end that had begun before', () => {
    const breaker = opened();
    happen(breaker, '+-+', 20_000);
    expect(breaker.limit(30_999)).toBe(0);
    expect(breaker.limit(31_000)).toBe(1);
  });

  it('opens again for as long when the probe fails', () => {
    const breaker = opened();
    breaker.limit(40_000);
    happen(breaker, '-', 41_000);
    expect(breaker.limit(70_999)).toBe(0);
    expect(breaker.limit(71_000)).toBe(1);
  });

  it('lets more through with each delivery after the probe’s', () => {
    const breaker = opened();
    breaker.limit(40_000);
    happen(breaker, '+', 41_000);
    expect(breaker.isOpen).toBe(false);
    expect(breaker.limit(41_000)).toBe(2);
    happen(breaker, '++', 42_000);
    expect(breaker.limit(42_000)).toBe(4);
    happen(breaker, '+'.repeat(28), 43_000);
    expect(breaker.limit(43_000)).toBe(Infinity);
  });

  it('once recovering opens only for ten new attempts', () => {
    const breaker = opened();
    breaker.limit(40_000);
    happen(breaker, '+--------', 41_000);
    expect(breaker.isOpen).toBe(false);
    happen(breaker, '-', 41_000);
    expect(breaker.isOpen).toBe(true);
  });
});

describe('what people are reported a breaker', () => {
  const timeout = { statusCode: null, error: 'timeout' } as const;
  const busy = { statusCode: 503, error: null };

  it('is nothing while it is closed, and when it is again', () => {
    const breaker = start();
    happen(breaker, '---------', 0);
    expect(breaker.openness).toBeNull();
    happen(breaker, '-', 1_000);
    expect(breaker.openness).not.toBeNull();
    breaker.limit(31_000);
    happen(breaker, '+', 31_000);
    expect(breaker.openness).toBeNull();
  });

  it('is since when, how many have failed, the last of them, and when it is tried again', () => {
    const breaker = start();
    happen(breaker, '+++------', 0);
    expect(breaker.ended(busy, 1_000)).toBe('opened');
    expect(breaker.openness).toEqual({
      sinceMs: 1_000,
      failures: 7,
      last: busy,
      probeFromMs: 31_000,
    });
  });

  it('names the last failure, also when it was a delivery that made it ten attempts', () => {
    const breaker = start();
    for (let attempts = 0; attempts < 7; attempts += 1) breaker.ended(timeout, 0);
    happen(breaker, '++', 0);
    expect(breaker.ended(null, 0)).toBe('opened');
    expect(breaker.openness).toMatchObject({ failures: 7, last: timeout });
  });

  it('counts what had begun before, and is none of the breaker’s turns', () => {
    const breaker = start();
    happen(breaker, '-'.repeat(10), 1_000);
    expect(breaker.ended(timeout, 2_000)).toBeNull();
    expect(breaker.ended(null, 3_000)).toBeNull();
    expect(breaker.openness).toEqual({
      sinceMs: 1_000,
      failures: 11,
      last: timeout,
      probeFromMs: 31_000,
    });
  });

  it('goes on from when it opened, however many probes fail', () => {
    const breaker = start();
    happen(breaker, '-'.repeat(10), 1_000);
    for (const atMs of [40_000, 80_000]) {
      breaker.limit(atMs);
      expect(breaker.ended(busy, atMs)).toBe('probeFailed');
      expect(breaker.openness).toMatchObject({ sinceMs: 1_000, probeFromMs: atMs + 30_000 });
    }
    expect(breaker.openness).toMatchObject({ failures: 12, last: busy });
    breaker.limit(120_000);
    expect(breaker.ended(null, 120_000)).toBe('closed');
    happen(breaker, '-'.repeat(8), 121_000);
    expect(breaker.ended(busy, 121_000)).toBe('opened');
    expect(breaker.openness).toMatchObject({ sinceMs: 121_000, failures: 9 });
  });
});

describe('whatever happens', () => {
  it('opens exactly when ten attempts of the last minute ended and enough of them failed', () => {
    const events = fc.array(fc.record({ afterMs: fc.nat(20_000), isDelivered: fc.boolean() }), {
      maxLength: 60,
      size: 'max',
    });
    const property = fc.property(
      events,
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      (all, threshold) => {
        const breaker = createBreaker({ threshold, cooldownMs: 1 }, () => 32);
        const past: { second: number; isDelivered: boolean }[] = [];
        let nowMs = 0;
        for (const { afterMs, isDelivered } of all) {
          nowMs += afterMs;
          const second = Math.floor(nowMs / 1_000);
          breaker.ended(isDelivered ? null : aFailure, nowMs);
          past.push({ second, isDelivered });
          const counted = past.filter((one) => one.second > second - 60);
          const failed = counted.filter((one) => !one.isDelivered).length;
          const mustOpen = counted.length >= 10 && failed / counted.length >= threshold;
          expect(breaker.isOpen).toBe(mustOpen);
          if (mustOpen) return;
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});
