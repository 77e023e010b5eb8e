import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createUnacked } from '../../../src/source/unacked.ts';
import { createWatermark, type Watermark } from '../../../src/source/watermark.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aPosition } from '../../support/builders.ts';
import { watch } from '../../support/recorders.ts';

const start = aPosition(0);
const never = new AbortController().signal;

/** A watermark with changes at the positions 1 to `count`, and what acknowledges each. */
function createFilled(count: number, limit = count) {
  const unacked = createUnacked(limit);
  const watermark = createWatermark(start, unacked);
  const ack: (() => void)[] = [];
  for (let at = 1; at <= count; at += 1) ack.push(watermark.admit(aPosition(at)));
  return { watermark, unacked, ack: (at: number) => ack[at - 1]?.() };
}

const watermarkOf = (watermark: Watermark): unknown => watermark.position.opaque;

describe('the position of a watermark', () => {
  it('is where it starts until something is acknowledged', async () => {
    const { watermark } = createFilled(2);
    expect(watermark.position).toBe(start);
  });

  it('follows what is acknowledged, and waits before what is not', async () => {
    const { watermark, ack } = createFilled(4);
    ack(2);
    ack(4);
    expect(watermarkOf(watermark)).toBe(0);
    ack(1);
    expect(watermarkOf(watermark)).toBe(2);
    ack(3);
    expect(watermarkOf(watermark)).toBe(4);
  });

  it('is at once what was passed, while nothing is in progress', () => {
    const watermark = createWatermark(start, createUnacked(1));
    watermark.pass(aPosition(5));
    expect(watermarkOf(watermark)).toBe(5);
  });

  it('comes to what was passed once everything before it is acknowledged', async () => {
    const { watermark, ack } = createFilled(1);
    watermark.pass(aPosition(5));
    watermark.pass(aPosition(6));
    expect(watermarkOf(watermark)).toBe(0);
    ack(1);
    expect(watermarkOf(watermark)).toBe(6);
  });

  it('waits before a change that came after what was passed', async () => {
    const { watermark, ack } = createFilled(1, 5);
    watermark.pass(aPosition(5));
    const settleLast = watermark.admit(aPosition(7));
    ack(1);
    expect(watermarkOf(watermark)).toBe(5);
    settleLast();
    expect(watermarkOf(watermark)).toBe(7);
  });
});

describe('the room of a watermark', () => {
  it('is used by changes until they are acknowledged', async () => {
    const { unacked, ack } = createFilled(3);
    expect(unacked.count).toBe(3);
    ack(2);
    expect(unacked.count).toBe(2);
    ack(2);
    ack(1);
    expect(unacked.count).toBe(1);
  });

  it('is there again, in a small one, as soon as any is acknowledged', async () => {
    const { unacked, ack } = createFilled(3);
    expect(unacked.hasRoom).toBe(false);
    ack(3);
    expect(unacked.hasRoom).toBe(true);
    await unacked.untilRoom(never);
  });

  it('is there again, in a large one, when an eighth of it is free', async () => {
    const { unacked, ack } = createFilled(80);
    const room = watch(unacked.untilRoom(never));
    for (let at = 1; at < 10; at += 1) ack(at);
    await Promise.resolve();
    expect([unacked.hasRoom, room.isSettled]).toEqual([false, false]);
    ack(10);
    await Promise.resolve();
    await Promise.resolve();
    expect([unacked.hasRoom, room.isSettled]).toEqual([true, true]);
  });

  it('does not end however much is acknowledged behind the oldest, of which one position is kept', () => {
    const { watermark, unacked, ack } = createFilled(2);
    ack(2);
    for (let at = 3; at <= 100_000; at += 1) watermark.admit(aPosition(at))();
    expect(unacked.hasRoom).toBe(true);
    expect(watermark.places).toBe(2);
    expect(watermarkOf(watermark)).toBe(0);
    ack(1);
    expect(watermark.places).toBe(0);
    expect(watermarkOf(watermark)).toBe(100_000);
  });

  it('is not used up by a stream in which nothing happens', async () => {
    const { watermark, unacked } = createFilled(1);
    for (let at = 2; at < 100; at += 1) watermark.pass(aPosition(at));
    expect(unacked.count).toBeLessThanOrEqual(2);
  });

  it('is waited for when there is none, until a change is acknowledged', async () => {
    const { watermark, unacked, ack } = createFilled(2);
    const room = unacked.untilRoom(never);
    const seen = watch(room);
    await Promise.resolve();
    expect(seen.isSettled).toBe(false);
    ack(2);
    await room;
    watermark.admit(aPosition(3))();
    expect(watermarkOf(watermark)).toBe(0);
    ack(1);
    expect(watermarkOf(watermark)).toBe(3);
  });

  it('is given to those who wait, one each, in the order they came', async () => {
    const { watermark, unacked, ack } = createFilled(1);
    const admitted: number[] = [];
    const waiting = [2, 3, 4].map(async (at) => {
      while (!unacked.hasRoom) await unacked.untilRoom(never);
      const settleIt = watermark.admit(aPosition(at));
      expect(unacked.count).toBe(1);
      admitted.push(at);
      settleIt();
    });
    ack(1);
    await Promise.all(waiting);
    expect(admitted).toEqual([2, 3, 4]);
    expect(watermarkOf(watermark)).toBe(4);
  });

  it('is not waited for any longer than the signal allows', async () => {
    const { unacked, ack } = createFilled(1);
    const stopping = new AbortController();
    const reason = new Stopping();
    const aborted = unacked.untilRoom(stopping.signal);
    const patient = unacked.untilRoom(never);
    stopping.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    ack(1);
    await patient;
    expect(unacked.hasRoom).toBe(true);
  });

  it('is waited for by nobody whose signal was aborted before', async () => {
    const unacked = createUnacked(1);
    const reason = new Stopping();
    await expect(unacked.untilRoom(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('a watermark that is closed', () => {
  it('takes no room from others, whatever is acknowledged later', () => {
    const { watermark, unacked, ack } = createFilled(3);
    const other = createWatermark(start, unacked);
    const ackOther = other.admit(aPosition(9));
    ack(2);
    watermark.close();
    expect(unacked.count).toBe(1);
    ack(1);
    ack(3);
    expect(unacked.count).toBe(1);
    ackOther();
    expect(unacked.count).toBe(0);
  });
});

describe('the count of acknowledged changes', () => {
  it('moves with changes, and not with the time passing', async () => {
    const { watermark, ack } = createFilled(2);
    ack(2);
    ack(1);
    watermark.pass(aPosition(9));
    expect(watermark.acked).toBe(2);
  });
});

/** What is done to a watermark: a change comes, an idle token comes, the n-th of those open is acknowledged. */
type Step = 'admit' | 'passed' | number;

/** Does the steps on a watermark and on a list that says what the watermark must be after each. */
function follow(steps: readonly Step[]): void {
  const unacked = createUnacked(Infinity);
  const watermark = createWatermark(start, unacked);
  const all: { readonly at: number; isAcked: boolean }[] = [];
  const open: { readonly entry: { isAcked: boolean }; ack(): void }[] = [];
  const ack = (index: number): void => {
    const [acked] = open.splice(index % open.length, 1);
    if (acked === undefined) return;
    acked.entry.isAcked = true;
    acked.ack();
  };
  const expectWatermark = (): void => {
    const firstOpen = all.findIndex(({ isAcked }) => !isAcked);
    const passable = firstOpen === -1 ? all : all.slice(0, firstOpen);
    expect(watermarkOf(watermark)).toBe(passable.at(-1)?.at ?? 0);
    expect(watermark.places).toBeLessThanOrEqual(2 * unacked.count + 1);
  };
  for (const step of steps) {
    const entry = { at: all.length + 1, isAcked: step === 'passed' };
    if (typeof step === 'number') {
      ack(step);
    } else {
      all.push(entry);
      if (step === 'passed') watermark.pass(aPosition(entry.at));
      else open.push({ entry, ack: watermark.admit(aPosition(entry.at)) });
    }
    expectWatermark();
  }
  while (open.length > 0) {
    ack(steps.length);
    expectWatermark();
  }
  expect(watermarkOf(watermark)).toBe(all.length);
  expect(unacked.count).toBe(0);
}

describe('a watermark in any order of coming and settling', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Step>('admit') },
    { weight: 2, arbitrary: fc.nat() },
    { weight: 1, arbitrary: fc.constant<Step>('passed') },
  );

  it('never passes what is not acknowledged, and comes to the last position in the end', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 100, size: 'medium' }), follow));
  }, 60_000);

  it('does so too with thousands of changes, of which the first is acknowledged when half are', async () => {
    const count = 2_500;
    const orders = fc.shuffledSubarray(
      Array.from({ length: count - 1 }, (_each, index) => index + 2),
      { minLength: count - 1 },
    );
    const property = fc.asyncProperty(orders, async (order) => {
      const { watermark, unacked, ack } = createFilled(count);
      const acked = new Set<number>();
      let prefix = 0;
      for (const at of [...order.slice(0, count / 2), 1, ...order.slice(count / 2)]) {
        ack(at);
        acked.add(at);
        while (acked.has(prefix + 1)) prefix += 1;
        if (watermarkOf(watermark) !== prefix) throw new Error(`not ${prefix} after ${at}`);
      }
      expect(watermarkOf(watermark)).toBe(count);
      expect(unacked.count).toBe(0);
    });
    await fc.assert(property, { numRuns: 5 });
  }, 60_000);
});
