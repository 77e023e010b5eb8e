import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHeld, names, pass } from './heldQueues.ts';
import { given } from './inSlot.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a queue whose fresh notifications wait too long', () => {
  it('sends those away, and the newest half of the others, and what comes after', async () => {
    const { come, begun, sentAway, leave } = createHeld();
    for (const name of names('a', 3)) come('a', name);
    await pass(1_000);
    for (const name of names('later-', 4)) come('a', name);
    await pass(999);
    expect(sentAway).toEqual([]);
    await pass(1);
    expect(begun).toEqual(['a1']);
    expect(sentAway).toEqual(['a2', 'a3', 'later-3', 'later-4']);
    come('a', 'a6');
    come('b', 'b1');
    await pass(0);
    expect(sentAway.slice(4)).toEqual(['a6']);
    expect(begun).toEqual(['a1', 'b1']);
    leave();
  });

  it('sends the rest away when that has waited as long', async () => {
    const { come, sentAway, leave } = createHeld();
    come('a', 'a1');
    come('a', 'a2');
    await pass(1_000);
    for (const name of names('later-', 7)) come('a', name);
    await pass(2_000);
    expect(sentAway).toHaveLength(8);
    leave();
  });

  it('takes fresh notifications again when durable state has nothing due for it, even if it is idle by then', async () => {
    const { queues, come, begun, sentAway, end, leave } = createHeld();
    for (const name of names('a', 3)) come('a', name);
    await pass(5_000);
    await end('a1');
    queues.setDue(new Set(['a']));
    come('a', 'a4');
    await pass(0);
    expect(sentAway).toEqual(['a2', 'a3', 'a4']);
    queues.setDue(new Set(['b']));
    come('a', 'a5');
    await pass(0);
    expect(begun).toEqual(['a1', 'a5']);
    leave();
  });

  it('does not wait so long when more wait in all than there is room for', async () => {
    const bounds = { maxInFlight: 9, maxInFlightPerEndpoint: 1, freshLimit: 6 };
    const { come, sentAway, leave } = createHeld(bounds);
    for (const name of names('a', 5)) come('a', name);
    await pass(1_400);
    expect(sentAway).toEqual([]);
    for (const name of names('b', 4)) come('b', name);
    await pass(0);
    expect(sentAway).toEqual(['a4', 'a5']);
    await pass(400);
    expect(sentAway).toEqual(['a4', 'a5']);
    leave();
  });

  it('gives way with as many others as it takes, the longest first, until there is room', async () => {
    const bounds = { maxInFlight: 9, maxInFlightPerEndpoint: 1, freshLimit: 8 };
    const { come, end, sentAway, leave } = createHeld(bounds);
    for (const name of names('a', 3)) come('a', name);
    for (const name of names('b', 5)) come('b', name);
    for (const queue of ['c', 'd', 'quick']) come(queue, `${queue}1`);
    await pass(10);
    await end('quick1');
    await pass(1_390);
    come('quick', 'quick2');
    for (const name of names('c-', 4)) come('c', name);
    await pass(0);
    expect(sentAway).toEqual(['b4', 'b5']);
    for (const name of names('d-', 8)) come('d', name);
    await pass(200);
    come('d', 'd-9');
    await pass(0);
    expect(sentAway.toSorted()).toEqual(
      ['a3', 'b3', 'b4', 'b5', 'c-3', 'c-4', 'd-5', 'd-6', 'd-7', 'd-8', 'd-9'].toSorted(),
    );
    leave();
  });

  it('is left alone while all are slow in the same measure, as when this process is', async () => {
    const bounds = { maxInFlight: 9, maxInFlightPerEndpoint: 1, freshLimit: 6 };
    const { come, end, sentAway, leave } = createHeld(bounds);
    for (const name of [...names('a', 20), ...names('b', 20)]) come(name.slice(0, 1), name);
    for (const turn of names('', 10)) {
      await pass(900);
      for (const queue of ['a', 'b']) await end(queue + turn);
    }
    expect(sentAway).toEqual([]);
    leave();
  });

  it('is the one whose endpoint is slow, not one with a longer line', async () => {
    const bounds = { maxInFlight: 9, maxInFlightPerEndpoint: 1, freshLimit: 6 };
    const { come, end, sentAway, leave } = createHeld(bounds);
    for (const name of names('slow', 4)) come('slow', name);
    for (const name of names('quick', 20)) come('quick', name);
    for (const name of names('quick', 9)) {
      await pass(100);
      await end(name);
    }
    expect(sentAway).toEqual(['slow3', 'slow4']);
    leave();
  });

  it('is left alone while its endpoint is quick, however many wait', async () => {
    const { come, end, sentAway, leave } = createHeld();
    const all = names('a', 100);
    for (const name of all) come('a', name);
    for (const name of all.slice(0, 80)) {
      await pass(100);
      await end(name);
    }
    expect(sentAway).toEqual([]);
    leave();
  });

  it('is not when each call takes its time', async () => {
    const { come, end, sentAway, leave } = createHeld();
    const all = names('a', 100);
    for (const name of all) come('a', name);
    for (const name of all.slice(0, 20)) {
      await pass(1_000);
      await end(name);
    }
    expect(sentAway.length).toBeGreaterThan(50);
    leave();
  });

  it('still lets those wait that come from durable state', async () => {
    const { come, begun, sentAway, end, leave } = createHeld();
    come('a', 'a1');
    come('a', 'a2');
    come('a', 'scheduled', 'scheduled');
    await pass(60_000);
    expect(sentAway).toEqual(['a2']);
    await end('a1');
    expect(begun).toEqual(['a1', 'scheduled']);
    leave();
  });

  it('is not when it is the bound of all that keeps it waiting', async () => {
    const { come, sentAway, leave } = createHeld({ maxInFlight: 2, maxInFlightPerEndpoint: 2 });
    come('a', 'a1');
    come('b', 'b1');
    come('a', 'a2');
    come('new', 'new1');
    await pass(2_000);
    expect(sentAway).toEqual(['a2', 'new1']);
    leave();
  });

  it('is left alone while its slots are held for what follows the answer', async () => {
    const { queues, come, sentAway, leave } = createHeld();
    const slot = await given(queues.take('a', 'fresh', new AbortController().signal));
    slot.answered();
    come('a', 'a1');
    await pass(60_000);
    expect(sentAway).toEqual([]);
    leave();
  });

  it('keeps no timer once nobody waits', async () => {
    const { come, end } = createHeld();
    come('a', 'a1');
    come('a', 'a2');
    await pass(0);
    expect(jest.getTimerCount()).toBe(1);
    await end('a1');
    await end('a2');
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('the lines of a queue', () => {
  it('are served in turn: fresh notifications and rows, and quick retries before both', async () => {
    const { come, begun, end } = createHeld();
    come('a', 'first');
    await pass(0);
    for (const name of names('n', 3)) come('a', name);
    for (const name of names('r', 3)) come('a', name, 'scheduled');
    come('a', 'q1', 'quickRetry');
    for (const name of ['first', 'q1', 'n1', 'r1', 'n2', 'r2', 'n3', 'r3']) await end(name);
    expect(begun).toEqual(['first', 'q1', 'n1', 'r1', 'n2', 'r2', 'n3', 'r3']);
  });

  it('send a quick retry away that has waited for a second', async () => {
    const { come, sentAway, leave } = createHeld();
    come('a', 'a1');
    come('a', 'q1', 'quickRetry');
    await pass(999);
    expect(sentAway).toEqual([]);
    await pass(1);
    expect(sentAway).toEqual(['q1']);
    leave();
  });

  it('give a slot back once, however often it is released', async () => {
    const { queues } = createHeld();
    const slot = await given(queues.take('a', 'scheduled', new AbortController().signal));
    slot.release();
    slot.release();
    expect(queues.free).toBe(9);
  });
});
