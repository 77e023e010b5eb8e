import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { aCalled, aFailure } from '../../support/builders.ts';
import { createHeld, names, pass } from './heldQueues.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a queue whose breaker opens', () => {
  const cooldownMs = 30_000;
  function createFailing() {
    const opened: number[] = [];
    const held = createHeld({
      maxInFlight: 9,
      maxInFlightPerEndpoint: 3,
      breaker: { threshold: 0.7, cooldownMs },
      onBreakersOpen: (count) => opened.push(count),
    });
    const fail = (): void => {
      for (let attempts = 0; attempts < 10; attempts += 1)
        held.queues.ended(aCalled('a'), aFailure);
    };
    return { ...held, opened, fail };
  }

  it('sends all away that wait, and all that come, and leaves other endpoints alone', async () => {
    const { come, fail, begun, sentAway, opened, queues, leave } = createFailing();
    for (const name of names('a', 4)) come('a', name);
    come('a', 'q1', 'quickRetry');
    come('a', 'r1', 'scheduled');
    await pass(0);
    fail();
    come('a', 'a5');
    come('a', 'r2', 'scheduled');
    come('b', 'b1');
    await pass(0);
    expect(begun).toEqual(['a1', 'a2', 'a3', 'b1']);
    expect(sentAway.toSorted()).toEqual(['a4', 'a5', 'q1', 'r1', 'r2']);
    expect(['a', 'b', 'c'].map((key) => queues.sheds(key))).toEqual([true, false, false]);
    expect(opened).toEqual([1]);
    expect(queues.blocked).toEqual([]);
    queues.setDue(new Set(['a', 'b']));
    expect(queues.blocked).toEqual(['a']);
    leave();
  });

  it('lets one row through after the cooldown, and no fresh notifications while rows are due', async () => {
    const { come, fail, begun, sentAway, queues, leave } = createFailing();
    fail();
    await pass(cooldownMs);
    come('a', 'a1');
    for (const name of names('r', 2)) come('a', name, 'scheduled');
    await pass(0);
    expect(sentAway).toEqual(['a1']);
    expect(begun).toEqual(['r1']);
    queues.setDue(new Set(['a']));
    come('a', 'a2');
    await pass(0);
    expect(sentAway).toEqual(['a1', 'a2']);
    leave();
  });

  it('has no fresh notifications for its probe, though nothing was due when it opened', async () => {
    const { come, fail, begun, sentAway, queues, leave } = createFailing();
    fail();
    queues.setDue(new Set());
    await pass(cooldownMs);
    come('a', 'a1');
    come('a', 'q1', 'quickRetry');
    come('a', 'r1', 'scheduled');
    await pass(0);
    expect(sentAway).toEqual(['a1', 'q1']);
    expect(begun).toEqual(['r1']);
    leave();
  });

  it('is no trouble any more when its endpoint is disabled: what waits there can end', async () => {
    const { come, fail, begun, opened, queues, leave } = createFailing();
    fail();
    queues.endpointDisabled('a');
    for (const name of names('r', 3)) come('a', name, 'scheduled');
    await pass(0);
    expect(begun).toEqual(['r1', 'r2', 'r3']);
    expect(opened).toEqual([1, 0]);
    leave();
  });

  it('is forgotten when nothing has led there for a minute after the cooldown', async () => {
    const { fail, opened, queues } = createFailing();
    fail();
    await pass(cooldownMs + 59_000);
    queues.setDue(new Set(['a']));
    expect(queues.blocked).toEqual(['a']);
    await pass(1_000);
    queues.setDue(new Set());
    queues.setDue(new Set(['a']));
    expect(queues.blocked).toEqual([]);
    expect(opened.at(-1)).toBe(0);
  });

  it('is filled slowly once the probe is delivered', async () => {
    const { come, fail, end, begun, opened, queues, leave } = createFailing();
    fail();
    await pass(cooldownMs);
    for (const name of names('r', 6)) come('a', name, 'scheduled');
    await pass(0);
    expect(begun).toHaveLength(1);
    queues.ended(aCalled('a'), null);
    await end('r1');
    expect(begun).toHaveLength(3);
    queues.ended(aCalled('a'), null);
    await end('r2');
    expect(begun).toHaveLength(5);
    expect(opened).toEqual([1, 0]);
    leave();
  });

  it('is remembered when it is idle, and forgotten when that is long ago', async () => {
    const { come, fail, begun, sentAway, queues, leave } = createFailing();
    for (let attempts = 0; attempts < 9; attempts += 1) queues.ended(aCalled('a'), aFailure);
    queues.setDue(new Set());
    await pass(61_000);
    queues.setDue(new Set());
    queues.ended(aCalled('a'), aFailure);
    come('a', 'a1');
    await pass(0);
    expect(begun).toEqual(['a1']);
    fail();
    queues.setDue(new Set());
    await pass(1_000);
    come('a', 'a2');
    await pass(0);
    expect(sentAway).toEqual(['a2']);
    leave();
  });
});
