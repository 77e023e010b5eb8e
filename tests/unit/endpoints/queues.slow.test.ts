import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { at, endpoints, playLoad, waitsOf, type LoadedEndpoint } from './queueLoad.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const quick: LoadedEndpoint = { answersAfterMs: () => 10, perSecond: 5 };
const slow: LoadedEndpoint = { answersAfterMs: () => 10_000, perSecond: 5 };
/** Quick until it is known for that. */
const turning: LoadedEndpoint = {
  answersAfterMs: (sinceStartMs) => (sinceStartMs < 5_000 ? 10 : 10_000),
  perSecond: 5,
};
const hanging: LoadedEndpoint = { answersAfterMs: () => 15_000, perSecond: 5 };
const defaults = { maxInFlight: 256, freshLimit: 384, seconds: 30 };

describe('endpoints that answer quickly, beside others that do not', () => {
  it.each([4, 12, 40, 200])(
    'are called at once, however many are slow: %i of 10 s',
    async (count) => {
      const all = new Map([...endpoints('slow', count, slow), ...endpoints('quick', 5, quick)]);
      const waits = waitsOf(await playLoad({ ...defaults, endpoints: all }), 'quick');
      expect(waits).toHaveLength(5 * 5 * 30);
      expect(at(waits, 0.5)).toBe(0);
      expect(at(waits, 0.99)).toBeLessThanOrEqual(40);
    },
  );

  it('are called at once beside 40 that hang', async () => {
    const all = new Map([...endpoints('hanging', 40, hanging), ...endpoints('quick', 5, quick)]);
    const waits = waitsOf(await playLoad({ ...defaults, endpoints: all }), 'quick');
    expect(waits).toHaveLength(5 * 5 * 30);
    expect(at(waits, 0.99)).toBeLessThanOrEqual(40);
  });

  it('are called at once beside 40 that were quick and become slow', async () => {
    const all = new Map([...endpoints('turning', 40, turning), ...endpoints('quick', 5, quick)]);
    const waits = waitsOf(await playLoad({ ...defaults, endpoints: all }), 'quick');
    expect(waits).toHaveLength(5 * 5 * 30);
    expect(at(waits, 0.99)).toBeLessThanOrEqual(40);
  });

  it('are called at once beside hundreds that are slow and have one status each', async () => {
    const once: LoadedEndpoint = { ...slow, perSecond: 1, atMost: 1 };
    const all = new Map([...endpoints('quick', 5, quick), ...endpoints('once', 600, once)]);
    const waits = waitsOf(await playLoad({ ...defaults, endpoints: all }), 'quick');
    expect(waits).toHaveLength(5 * 5 * 30);
    expect(at(waits, 0.99)).toBeLessThanOrEqual(40);
  });

  it('are called at once beside 40 that have become slow, where 32 calls may run in all', async () => {
    const all = new Map([...endpoints('turning', 40, turning), ...endpoints('quick', 5, quick)]);
    const served = await playLoad({ ...defaults, maxInFlight: 32, seconds: 60, endpoints: all });
    const later = [...served]
      .filter(([name]) => name.startsWith('quick'))
      .map(([, { waitsMs }]) => waitsMs.slice(-100));
    expect(waitsOf(served, 'quick')).toHaveLength(5 * 5 * 60);
    expect(Math.max(...later.flat())).toBeLessThanOrEqual(60);
  });

  it('get the next slot that is freed, and all they need of it, where only two or four calls may run', async () => {
    for (const maxInFlight of [2, 4]) {
      const some = endpoints('turning', 2 * maxInFlight, turning);
      const load = { ...defaults, maxInFlight, seconds: 120 };
      const all = new Map([...some, ...endpoints('quick', 1, quick)]);
      const served = await playLoad({ ...load, endpoints: all });
      expect(waitsOf(served, 'quick').length).toBeGreaterThan(0.75 * 5 * 120);
      expect(at(waitsOf(served, 'quick'), 0.5)).toBeLessThanOrEqual(10_000);
    }
  });
});

describe('what waits for slow endpoints', () => {
  it.each([12, 40, 200])('holds neither window nor checkpoint: %i of 10 s', async (count) => {
    const all = new Map(endpoints('slow', count, slow));
    const served = await playLoad({ ...defaults, endpoints: all });
    const kept = [...served.values()].flatMap(({ keptMs, waitsMs }) => [...keptMs, ...waitsMs]);
    expect(Math.max(...kept)).toBeLessThanOrEqual(3_000);
  });

  it('holds neither where each has one status and nobody knows them for slow', async () => {
    const once: LoadedEndpoint = { ...slow, perSecond: 1, atMost: 1 };
    const served = await playLoad({
      ...defaults,
      endpoints: new Map(endpoints('once', 600, once)),
    });
    const kept = [...served.values()].flatMap(({ keptMs, waitsMs }) => [...keptMs, ...waitsMs]);
    expect(kept).toHaveLength(600);
    expect(Math.max(...kept)).toBeLessThanOrEqual(3_000);
  });

  it('still gets most of what may run, in equal parts', async () => {
    const all = new Map([...endpoints('slow', 12, slow), ...endpoints('quick', 1, quick)]);
    const served = await playLoad({ ...defaults, endpoints: all });
    const begun = [...served]
      .filter(([name]) => name.startsWith('slow'))
      .map(([, of]) => of.waitsMs.length);
    expect(Math.min(...begun)).toBeGreaterThanOrEqual(17);
  });
});
