import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { aCalled, aFailure } from '../../support/builders.ts';
import { createHeld, names, pass } from './heldQueues.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const bounds = { maxInFlight: 9, maxInFlightPerEndpoint: 4 };

describe('the calls that one endpoint may have', () => {
  it('can be lowered: none begins until fewer run', async () => {
    const { queues, come, end, begun } = createHeld(bounds);
    for (const name of names('a', 6)) come('a', name);
    await pass(0);
    queues.limitPerEndpoint(2);
    expect(queues.maxInFlightPerEndpoint).toBe(2);
    await end('a1');
    await end('a2');
    expect(begun).toEqual(names('a', 4));
    await end('a3');
    expect(begun).toEqual(names('a', 5));
    await end('a4');
    expect(begun).toEqual(names('a', 6));
  });

  it('can be lowered while none runs', async () => {
    const { queues, come, begun } = createHeld(bounds);
    queues.limitPerEndpoint(1);
    for (const name of names('a', 3)) come('a', name);
    for (const name of names('b', 3)) come('b', name);
    await pass(0);
    expect(begun).toEqual(['a1', 'b1']);
  });

  it('can be raised: those that wait begin at once', async () => {
    const { queues, come, begun } = createHeld({ ...bounds, maxInFlightPerEndpoint: 1 });
    for (const name of names('a', 6)) come('a', name);
    await pass(0);
    expect(begun).toEqual(['a1']);
    queues.limitPerEndpoint(5);
    await pass(0);
    expect(begun).toEqual(names('a', 5));
  });

  it('are as many after a breaker has opened and closed again', async () => {
    const breaker = { threshold: 0.5, cooldownMs: 1_000 };
    const { queues, come, end, begun } = createHeld({ ...bounds, breaker });
    for (let attempt = 0; attempt < 10; attempt += 1) queues.ended(aCalled('a'), aFailure);
    queues.limitPerEndpoint(2);
    await pass(1_000);
    come('a', 'probe', 'scheduled');
    await pass(0);
    queues.ended(aCalled('a'), null);
    await end('probe');
    queues.setDue(new Set());
    for (const name of names('a', 4)) come('a', name);
    await pass(0);
    expect(begun).toEqual(['probe', 'a1', 'a2']);
    for (let attempt = 0; attempt < 4; attempt += 1) queues.ended(aCalled('a'), null);
    queues.limitPerEndpoint(3);
    await pass(0);
    expect(begun).toEqual(['probe', 'a1', 'a2', 'a3']);
  });
});
