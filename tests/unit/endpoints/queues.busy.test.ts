import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { at, endpoints, playLoad, waitsOf, type LoadedEndpoint, type Served } from './queueLoad.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** As endpoints that answer at once look to a process that has hundreds of other things to do in between. */
const throughBusyLoop: LoadedEndpoint = { answersAfterMs: () => 800, perSecond: 20 };
const oneTurn: LoadedEndpoint = { answersAfterMs: () => 60, perSecond: 20 };
const load = { maxInFlight: 64, maxInFlightPerEndpoint: 32, freshLimit: 96, seconds: 20 };

const sentAway = (served: ReadonlyMap<string, Served>): number =>
  [...served.values()].flatMap(({ keptMs }) => keptMs).length;

describe('a process without a moment to spare', () => {
  const all = new Map([
    ...endpoints('through', 7, throughBusyLoop),
    ...endpoints('one-turn', 1, oneTurn),
  ]);

  it('sends nothing through durable state because of what its own turns take', async () => {
    const served = await playLoad({ ...load, endpoints: all, isBusy: () => true });
    expect(sentAway(served)).toBe(0);
  });

  it('does so when the endpoints take as long while it has time', async () => {
    expect(sentAway(await playLoad({ ...load, endpoints: all }))).toBeGreaterThan(100);
  });

  it('still knows endpoints for slow that take more than two seconds', async () => {
    const hanging: LoadedEndpoint = { answersAfterMs: () => 15_000, perSecond: 5 };
    const quick: LoadedEndpoint = { answersAfterMs: () => 10, perSecond: 5 };
    const beside = new Map([...endpoints('hanging', 40, hanging), ...endpoints('quick', 5, quick)]);
    const served = await playLoad({
      ...{ maxInFlight: 256, freshLimit: 384, seconds: 60 },
      endpoints: beside,
      isBusy: () => true,
    });
    const later = [...served]
      .filter(([name]) => name.startsWith('quick'))
      .flatMap(([, { waitsMs }]) => waitsMs.slice(-200))
      .toSorted((one, other) => one - other);
    expect(waitsOf(served, 'quick')).toHaveLength(5 * 5 * 60);
    expect(at(later, 0.99)).toBeLessThanOrEqual(40);
  });

  it('takes an endpoint for slow as soon as it has time again', async () => {
    const startedAt = performance.now();
    const isBusy = (): boolean => performance.now() - startedAt < 10_000;
    const served = await playLoad({ ...load, endpoints: all, isBusy });
    expect(sentAway(served)).toBeGreaterThan(0);
  });
});
