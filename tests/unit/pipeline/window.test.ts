import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createWindow, type Window } from '../../../src/pipeline/window.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aPosition } from '../../support/builders.ts';
import { watch } from '../../support/recorders.ts';

const start = aPosition(0);
const never = new AbortController().signal;

/** A window with changes at the positions 1 to `count`, and what settles each. */
function createFilled(count: number, limit = count) {
  const window = createWindow(start, limit);
  const settle: (() => void)[] = [];
  for (let at = 1; at <= count; at += 1) settle.push(window.admit(aPosition(at)));
  return { window, settle: (at: number) => settle[at - 1]?.() };
}

const watermarkOf = (window: Window): unknown => window.watermark.opaque;

describe("a window's watermark", () => {
  it('is where it starts until something is settled', async () => {
    const { window } = createFilled(2);
    expect(window.watermark).toBe(start);
  });

  it('follows what is settled, and waits before what is not', async () => {
    const { window, settle } = createFilled(4);
    settle(2);
    settle(4);
    expect(watermarkOf(window)).toBe(0);
    settle(1);
    expect(watermarkOf(window)).toBe(2);
    settle(3);
    expect(watermarkOf(window)).toBe(4);
  });

  it('is at once what was passed, while nothing is under way', () => {
    const window = createWindow(start, 1);
    window.passed(aPosition(5));
    expect(watermarkOf(window)).toBe(5);
  });

  it('comes to what was passed once everything before it is settled', async () => {
    const { window, settle } = createFilled(1);
    window.passed(aPosition(5));
    window.passed(aPosition(6));
    expect(watermarkOf(window)).toBe(0);
    settle(1);
    expect(watermarkOf(window)).toBe(6);
  });

  it('waits before a change that came after what was passed', async () => {
    const { window, settle } = createFilled(1, 5);
    window.passed(aPosition(5));
    const settleLast = window.admit(aPosition(7));
    settle(1);
    expect(watermarkOf(window)).toBe(5);
    settleLast();
    expect(watermarkOf(window)).toBe(7);
  });
});

describe("a window's room", () => {
  it('is used by changes until they are settled', async () => {
    const { window, settle } = createFilled(3);
    expect(window.unsettled).toBe(3);
    settle(2);
    expect(window.unsettled).toBe(2);
    settle(2);
    settle(1);
    expect(window.unsettled).toBe(1);
  });

  it('is there again, in a small one, as soon as any is settled', async () => {
    const { window, settle } = createFilled(3);
    expect(window.hasRoom).toBe(false);
    settle(3);
    expect(window.hasRoom).toBe(true);
    await window.untilRoom(never);
  });

  it('is there again, in a large one, when an eighth of it is free', async () => {
    const { window, settle } = createFilled(80);
    const room = watch(window.untilRoom(never));
    for (let at = 1; at < 10; at += 1) settle(at);
    await Promise.resolve();
    expect([window.hasRoom, room.isSettled]).toEqual([false, false]);
    settle(10);
    await Promise.resolve();
    await Promise.resolve();
    expect([window.hasRoom, room.isSettled]).toEqual([true, true]);
  });

  it('does not end however much is settled behind the oldest, of which one position is kept', () => {
    const { window, settle } = createFilled(2);
    settle(2);
    for (let at = 3; at <= 100_000; at += 1) window.admit(aPosition(at))();
    expect(window.hasRoom).toBe(true);
    expect(window.places).toBe(2);
    expect(watermarkOf(window)).toBe(0);
    settle(1);
    expect(window.places).toBe(0);
    expect(watermarkOf(window)).toBe(100_000);
  });

  it('is not used up by a stream in which nothing happens', async () => {
    const { window } = createFilled(1);
    for (let at = 2; at < 100; at += 1) window.passed(aPosition(at));
    expect(window.unsettled).toBeLessThanOrEqual(2);
  });

  it('is waited for when there is none, until a change is settled', async () => {
    const { window, settle } = createFilled(2);
    const room = window.untilRoom(never);
    const seen = watch(room);
    await Promise.resolve();
    expect(seen.isSettled).toBe(false);
    settle(2);
    await room;
    window.admit(aPosition(3))();
    expect(watermarkOf(window)).toBe(0);
    settle(1);
    expect(watermarkOf(window)).toBe(3);
  });

  it('is given to those who wait, one each, in the order they came', async () => {
    const { window, settle } = createFilled(1);
    const admitted: number[] = [];
    const waiting = [2, 3, 4].map(async (at) => {
      while (!window.hasRoom) await window.untilRoom(never);
      const settleIt = window.admit(aPosition(at));
      expect(window.unsettled).toBe(1);
      admitted.push(at);
      settleIt();
    });
    settle(1);
    await Promise.all(waiting);
    expect(admitted).toEqual([2, 3, 4]);
    expect(watermarkOf(window)).toBe(4);
  });

  it('is not waited for any longer than the signal allows', async () => {
    const { window, settle } = createFilled(1);
    const stopping = new AbortController();
    const reason = new Stopping();
    const aborted = window.untilRoom(stopping.signal);
    const patient = window.untilRoom(never);
    stopping.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    settle(1);
    await patient;
    expect(window.hasRoom).toBe(true);
  });

  it('is waited for by nobody whose signal was aborted before', async () => {
    const window = createWindow(start, 1);
    const reason = new Stopping();
    await expect(window.untilRoom(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('the count of settled changes', () => {
  it('moves with changes, and not with the time passing', async () => {
    const { window, settle } = createFilled(2);
    settle(2);
    settle(1);
    window.passed(aPosition(9));
    expect(window.settledChanges).toBe(2);
  });
});

/** What is done to a window: a change comes, an idle token comes, the n-th of those open is settled. */
type Step = 'admit' | 'passed' | number;

/** Does the steps on a window and on a list that says what the watermark must be after each. */
function follow(steps: readonly Step[]): void {
  const window = createWindow(start, Number.POSITIVE_INFINITY);
  const all: { readonly at: number; isSettled: boolean }[] = [];
  const open: { readonly entry: { isSettled: boolean }; settle(): void }[] = [];
  const settle = (index: number): void => {
    const [settled] = open.splice(index % open.length, 1);
    if (settled === undefined) return;
    settled.entry.isSettled = true;
    settled.settle();
  };
  const expectWatermark = (): void => {
    const firstOpen = all.findIndex(({ isSettled }) => !isSettled);
    const passable = firstOpen === -1 ? all : all.slice(0, firstOpen);
    expect(watermarkOf(window)).toBe(passable.at(-1)?.at ?? 0);
    expect(window.places).toBeLessThanOrEqual(2 * window.unsettled + 1);
  };
  for (const step of steps) {
    const entry = { at: all.length + 1, isSettled: step === 'passed' };
    if (typeof step === 'number') {
      settle(step);
    } else {
      all.push(entry);
      if (step === 'passed') window.passed(aPosition(entry.at));
      else open.push({ entry, settle: window.admit(aPosition(entry.at)) });
    }
    expectWatermark();
  }
  while (open.length > 0) {
    settle(steps.length);
    expectWatermark();
  }
  expect(watermarkOf(window)).toBe(all.length);
  expect(window.unsettled).toBe(0);
}

describe('a window in any order of coming and settling', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Step>('admit') },
    { weight: 2, arbitrary: fc.nat() },
    { weight: 1, arbitrary: fc.constant<Step>('passed') },
  );

  it('never passes what is not settled, and comes to the last position in the end', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 100, size: 'medium' }), follow));
  }, 60_000);

  it('does so too with thousands of changes, of which the first is settled when half are', async () => {
    const count = 2_500;
    const orders = fc.shuffledSubarray(
      Array.from({ length: count - 1 }, (_each, index) => index + 2),
      { minLength: count - 1 },
    );
    const property = fc.asyncProperty(orders, async (order) => {
      const { window, settle } = createFilled(count);
      const settled = new Set<number>();
      let prefix = 0;
      for (const at of [...order.slice(0, count / 2), 1, ...order.slice(count / 2)]) {
        settle(at);
        settled.add(at);
        while (settled.has(prefix + 1)) prefix += 1;
        if (watermarkOf(window) !== prefix) throw new Error(`not ${prefix} after ${at}`);
      }
      expect(watermarkOf(window)).toBe(count);
      expect(window.unsettled).toBe(0);
    });
    await fc.assert(property, { numRuns: 5 });
  }, 60_000);
});
