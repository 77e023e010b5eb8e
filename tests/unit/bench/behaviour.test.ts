import { describe, expect, it } from '@jest/globals';
import { accepts, behaviourOf, type Behaviours } from '../../../scripts/bench/behaviour.ts';

describe('behaviourOf', () => {
  const behaviours: Behaviours = {
    '/': { delayMs: 1 },
    '/hook/1': { statusCode: 500 },
    '/hook/': { delayMs: 2 },
    '/other': { hang: true },
  };

  it.each([
    ['/hook/1', { statusCode: 500 }],
    ['/hook/10', { delayMs: 2 }],
    ['/hook/', { delayMs: 2 }],
    ['/hook', { delayMs: 1 }],
    ['/others', { delayMs: 1 }],
  ])('of %s is by the longest that is meant for it', (path, expected) => {
    expect(behaviourOf(path, behaviours)).toEqual(expected);
  });

  it('does not depend on their order', () => {
    const turned = Object.fromEntries(Object.entries(behaviours).toReversed());
    expect(behaviourOf('/hook/10', turned)).toEqual({ delayMs: 2 });
  });

  it('is to answer at once where nothing is said', () => {
    expect(behaviourOf('/elsewhere', { '/hook/': { hang: true } })).toEqual({});
  });
});

it.each([
  [{}, true],
  [{ delayMs: 10_000 }, true],
  [{ statusCode: 204 }, true],
  [{ statusCode: 301 }, false],
  [{ statusCode: 500 }, false],
  [{ hang: true as const }, false],
])('%j is to accept: %p', (behaviour, expected) => {
  expect(accepts(behaviour)).toBe(expected);
});
