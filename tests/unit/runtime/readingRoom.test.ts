import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  createReadingRoom,
  type ReadingRoom,
  type Share,
} from '../../../src/runtime/readingRoom.ts';

const MOST = 100;

function aRoom(limit = 2 * MOST): ReadingRoom {
  return createReadingRoom({ limit, freeBytes: 10, mostBytes: MOST });
}

interface Reading {
  readonly share: Share;
  readonly notified: readonly string[];
}

/** Asks for as much as there may be; one that is cut makes do with nothing. */
function read(room: ReadingRoom): Reading {
  const share = room.open();
  const notified: string[] = [];
  const reader = {
    granted: () => void notified.push('granted'),
    cut() {
      notified.push('cut');
      share.keep(0);
    },
  };
  if (share.ask(MOST, reader)) notified.push('at once');
  return { share, notified };
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('a reading room', () => {
  it('lets as many read at once as there is room for, and the others in their order', () => {
    const room = aRoom();
    const [first, second, third, fourth] = [read(room), read(room), read(room), read(room)];
    expect([first, second, third, fourth].map(({ notified }) => notified)).toEqual([
      ['at once'],
      ['at once'],
      [],
      [],
    ]);
    second.share.release();
    expect(third.notified).toEqual(['granted']);
    expect(fourth.notified).toEqual([]);
    first.share.release();
    expect(fourth.notified).toEqual(['granted']);
    third.share.release();
    fourth.share.release();
  });

  it('gives what was asked for and is not needed to others, and the rest when it is released', () => {
    const room = aRoom();
    const [first, second, third] = [read(room), read(room), read(room)];
    first.share.keep(30);
    expect(third.notified).toEqual([]);
    second.share.keep(70);
    expect(third.notified).toEqual(['granted']);
    const fourth = read(room);
    third.share.keep(MOST);
    expect(fourth.notified).toEqual([]);
    first.share.release();
    second.share.release();
    expect(fourth.notified).toEqual(['granted']);
    third.share.release();
    fourth.share.release();
  });

  it('lets one read that asks for more than there ever is, when nobody else does', () => {
    const room = aRoom(MOST / 2);
    const first = read(room);
    const second = read(room);
    expect([first.notified, second.notified]).toEqual([['at once'], []]);
    first.share.release();
    expect(second.notified).toEqual(['granted']);
    second.share.release();
  });

  it('cuts one that reads slowly while others wait, and only then', async () => {
    const room = aRoom(MOST);
    const slow = read(room);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(slow.notified).toEqual(['at once']);
    const other = read(room);
    await jest.advanceTimersByTimeAsync(200);
    expect(slow.notified).toEqual(['at once', 'cut']);
    expect(other.notified).toEqual(['granted']);
    other.share.release();
    slow.share.release();
  });

  it('cuts one that has waited for long, since what was read before is not released', async () => {
    const room = aRoom(MOST);
    const first = read(room);
    first.share.keep(MOST);
    const waiting = read(room);
    await jest.advanceTimersByTimeAsync(4_900);
    expect(waiting.notified).toEqual([]);
    await jest.advanceTimersByTimeAsync(300);
    expect(waiting.notified).toEqual(['cut']);
    first.share.release();
    expect(waiting.notified).toEqual(['cut']);
    waiting.share.release();
  });

  it('tells one nothing more that has gone, read or not', async () => {
    const room = aRoom(MOST);
    const first = read(room);
    const gone = read(room);
    gone.share.release();
    first.share.release();
    await jest.advanceTimersByTimeAsync(60_000);
    expect([first.notified, gone.notified]).toEqual([['at once'], []]);
  });

  it('has nobody ask where nobody may read more than all may', () => {
    const room = createReadingRoom({ limit: 1, freeBytes: MOST, mostBytes: MOST });
    expect(room.open().freeBytes).toBe(Infinity);
    expect(room.open()).toBe(room.open());
  });
});
