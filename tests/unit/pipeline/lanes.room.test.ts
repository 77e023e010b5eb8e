import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { NoRoom, type Slot, type Waiting } from '../../../src/pipeline/lanes.ts';
import { aLanes } from '../../support/aLanes.ts';

const oneEach = { maxInFlight: 9, maxInFlightPerEndpoint: 1 };

/** Lanes whose calls run until they are released by name. */
function createHeld(options: Parameters<typeof aLanes>[0] = oneEach) {
  const lanes = aLanes(options);
  const leaving = new AbortController();
  const slots = new Map<string, Slot>();
  const begun: string[] = [];
  const sentAway: string[] = [];
  const wait = async (endpoint: string, name: string, waiting: Waiting): Promise<void> => {
    try {
      slots.set(name, await lanes.take(endpoint, waiting, leaving.signal));
      begun.push(name);
    } catch (reason) {
      if (reason instanceof NoRoom) sentAway.push(name);
    }
  };
  const come = (endpoint: string, name: string, waiting: Waiting = 'news'): void =>
    void wait(endpoint, name, waiting);
  const end = async (name: string): Promise<void> => {
    slots.get(name)?.release();
    await pass(0);
  };
  return { lanes, begun, sentAway, come, end, leave: () => leaving.abort() };
}

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);
const names = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a lane whose news wait too long', () => {
  it('sends its newest half away, and what comes after', async () => {
    const { come, begun, sentAway, leave } = createHeld();
    for (const name of names('a', 5)) come('a', name);
    await pass(4_999);
    expect(sentAway).toEqual([]);
    await pass(1);
    expect(begun).toEqual(['a1']);
    expect(sentAway).toEqual(['a4', 'a5']);
    come('a', 'a6');
    come('b', 'b1');
    await pass(0);
    expect(sentAway).toEqual(['a4', 'a5', 'a6']);
    expect(begun).toEqual(['a1', 'b1']);
    leave();
  });

  it('sends away more, a half each second, until none has to wait so long', async () => {
    const { come, sentAway, leave } = createHeld();
    for (const name of names('a', 9)) come('a', name);
    await pass(8_000);
    expect(sentAway).toHaveLength(8);
    leave();
  });

  it('takes news again when durable state has nothing due for it, even if it is idle by then', async () => {
    const { lanes, come, begun, sentAway, end, leave } = createHeld();
    for (const name of names('a', 3)) come('a', name);
    await pass(5_000);
    await end('a1');
    await end('a2');
    lanes.dueAre(new Set(['a']));
    come('a', 'a4');
    await pass(0);
    expect(sentAway).toEqual(['a3', 'a4']);
    lanes.dueAre(new Set(['b']));
    come('a', 'a5');
    await pass(0);
    expect(begun).toEqual(['a1', 'a2', 'a5']);
    leave();
  });

  it('still lets those wait that come from durable state', async () => {
    const { come, begun, sentAway, end, leave } = createHeld();
    come('a', 'a1');
    come('a', 'a2');
    come('a', 'row', 'row');
    await pass(60_000);
    expect(sentAway).toEqual(['a2']);
    await end('a1');
    expect(begun).toEqual(['a1', 'row']);
    leave();
  });

  it('is left alone when it is the bound of all that keeps it waiting', async () => {
    const { come, sentAway, leave } = createHeld({ maxInFlight: 2, maxInFlightPerEndpoint: 2 });
    come('a', 'a1');
    come('b', 'b1');
    come('a', 'a2');
    await pass(60_000);
    expect(sentAway).toEqual([]);
    leave();
  });

  it('is not when it has more than its share of that bound', async () => {
    const { come, sentAway, leave } = createHeld({ maxInFlight: 3, maxInFlightPerEndpoint: 9 });
    for (const name of names('a', 2)) come('a', name);
    come('b', 'b1');
    come('a', 'a3');
    come('b', 'b2');
    await pass(5_000);
    expect(sentAway).toEqual(['a3']);
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

describe('the lines of a lane', () => {
  it('are served in turn: news and rows, and quick retries before both', async () => {
    const { come, begun, end } = createHeld();
    come('a', 'first');
    await pass(0);
    for (const name of names('n', 3)) come('a', name);
    for (const name of names('r', 3)) come('a', name, 'row');
    come('a', 'q1', 'again');
    for (const name of ['first', 'q1', 'n1', 'r1', 'n2', 'r2', 'n3', 'r3']) await end(name);
    expect(begun).toEqual(['first', 'q1', 'n1', 'r1', 'n2', 'r2', 'n3', 'r3']);
  });

  it('send a quick retry away that has waited for a second', async () => {
    const { come, sentAway, leave } = createHeld();
    come('a', 'a1');
    come('a', 'q1', 'again');
    await pass(999);
    expect(sentAway).toEqual([]);
    await pass(1);
    expect(sentAway).toEqual(['q1']);
    leave();
  });

  it('give a slot back once, however often it is released', async () => {
    const { lanes } = createHeld();
    const slot = await lanes.take('a', 'row', new AbortController().signal);
    slot.release();
    slot.release();
    expect(lanes.free).toBe(9);
  });
});

describe('a lane whose breaker opens', () => {
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
      for (let attempts = 0; attempts < 10; attempts += 1) held.lanes.ended('a', false);
    };
    return { ...held, opened, fail };
  }

  it('sends all away that wait, and all that come, and leaves other endpoints alone', async () => {
    const { come, fail, begun, sentAway, opened, lanes, leave } = createFailing();
    for (const name of names('a', 4)) come('a', name);
    come('a', 'q1', 'again');
    come('a', 'r1', 'row');
    await pass(0);
    fail();
    come('a', 'a5');
    come('a', 'r2', 'row');
    come('b', 'b1');
    await pass(0);
    expect(begun).toEqual(['a1', 'a2', 'a3', 'b1']);
    expect(sentAway.toSorted()).toEqual(['a4', 'a5', 'q1', 'r1', 'r2']);
    expect(opened).toEqual([1]);
    expect(lanes.openOf(['a', 'b'])).toEqual(['a']);
    leave();
  });

  it('lets one row through after the cooldown, and no news while rows are due', async () => {
    const { come, fail, begun, sentAway, lanes, leave } = createFailing();
    fail();
    await pass(cooldownMs);
    come('a', 'a1');
    for (const name of names('r', 2)) come('a', name, 'row');
    await pass(0);
    expect(sentAway).toEqual(['a1']);
    expect(begun).toEqual(['r1']);
    lanes.dueAre(new Set(['a']));
    come('a', 'a2');
    await pass(0);
    expect(sentAway).toEqual(['a1', 'a2']);
    leave();
  });

  it('lets news through after the cooldown when nothing is due', async () => {
    const { come, fail, begun, lanes, leave } = createFailing();
    fail();
    lanes.dueAre(new Set());
    await pass(cooldownMs);
    come('a', 'a1');
    await pass(0);
    expect(begun).toEqual(['a1']);
    leave();
  });

  it('is filled slowly once the probe is delivered', async () => {
    const { come, fail, end, begun, opened, lanes, leave } = createFailing();
    fail();
    await pass(cooldownMs);
    for (const name of names('r', 6)) come('a', name, 'row');
    await pass(0);
    expect(begun).toHaveLength(1);
    lanes.ended('a', true);
    await end('r1');
    expect(begun).toHaveLength(3);
    lanes.ended('a', true);
    await end('r2');
    expect(begun).toHaveLength(5);
    expect(opened).toEqual([1, 0]);
    leave();
  });

  it('is remembered when it is idle, and forgotten when that is long ago', async () => {
    const { come, fail, begun, sentAway, lanes, leave } = createFailing();
    for (let attempts = 0; attempts < 9; attempts += 1) lanes.ended('a', false);
    lanes.dueAre(new Set());
    await pass(61_000);
    lanes.dueAre(new Set());
    lanes.ended('a', false);
    come('a', 'a1');
    await pass(0);
    expect(begun).toEqual(['a1']);
    fail();
    lanes.dueAre(new Set());
    await pass(1_000);
    come('a', 'a2');
    await pass(0);
    expect(sentAway).toEqual(['a2']);
    leave();
  });
});
