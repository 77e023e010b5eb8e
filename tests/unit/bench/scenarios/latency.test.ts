import { describe, expect, it } from '@jest/globals';
import { attainable, inFlightBound } from '../../../../scripts/bench/scenarios/latency.ts';

describe('inFlightBound', () => {
  const settings = { MAX_IN_FLIGHT: '256', MAX_IN_FLIGHT_PER_ENDPOINT: '32' };
  it.each([
    [20, 256],
    [8, 256],
    [2, 64],
  ])('of %i endpoints is %i', (endpoints, expected) => {
    expect(inFlightBound(settings, endpoints)).toBe(expected);
  });
});

describe('attainable', () => {
  it.each([
    [2_000, 256, 200, 1_280],
    [900, 256, 200, 900],
    [2_000, 256, 20, 2_000],
  ])('of %i/s with %i calls of %i ms is %i/s', (own, calls, delayMs, expected) => {
    expect(attainable(own, calls, delayMs)).toBe(expected);
  });
});
