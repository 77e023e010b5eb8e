import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { delay } from '../../../src/runtime/abort.ts';
import { createTurns } from '../../../src/console/turns.ts';

const MINUTE = 60_000;
const never = new AbortController().signal;

it('runs two at a time in the order they came, and turns away who finds no place', async () => {
  const turns = createTurns({ atOnce: 2, inAll: 4, perKey: 4, longestTurnMs: MINUTE });
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  const run = async (number: number): Promise<number | 'busy'> =>
    await turns.run(`key ${number}`, async () => {
      begun.push(number);
      await new Promise<void>((resolve) => ends.push(resolve));
      return number;
    });
  const results = [1, 2, 3, 4, 5].map(run);
  await nextTurn();
  expect(begun).toEqual([1, 2]);
  expect(await results[4]).toBe('busy');
  for (const count of [3, 4, 4, 4]) {
    ends.shift()?.();
    await nextTurn();
    expect(begun).toHaveLength(count);
  }
  expect(await Promise.all(results)).toEqual([1, 2, 3, 4, 'busy']);
  const later = run(6);
  await nextTurn();
  ends.shift()?.();
  expect(await later).toBe(6);
});

it('leaves places to others when one key asks for all', async () => {
  const turns = createTurns({ atOnce: 1, inAll: 9, perKey: 2, longestTurnMs: MINUTE });
  const ends: (() => void)[] = [];
  const run = async (key: string): Promise<string> =>
    await turns.run(key, async () => {
      await new Promise<void>((resolve) => ends.push(resolve));
      return key;
    });
  const results = ['one', 'one', 'one', 'other'].map(run);
  expect(await results[2]).toBe('busy');
  for (let left = 3; left > 0; left -= 1) {
    await nextTurn();
    ends.shift()?.();
  }
  expect(await Promise.all(results)).toEqual(['one', 'one', 'busy', 'other']);
});

it('goes on after a task that failed', async () => {
  const turns = createTurns({ atOnce: 1, inAll: 2, perKey: 2, longestTurnMs: MINUTE });
  const failing = turns.run('key', async () => await Promise.reject(new Error('of the task')));
  const next = turns.run('key', async () => await Promise.resolve('ran'));
  await expect(failing).rejects.toThrow('of the task');
  const throwing = turns.run('key', () => {
    throw new Error('at once');
  });
  await expect(throwing).rejects.toThrow('at once');
  expect(await next).toBe('ran');
  expect(await turns.run('key', async () => await Promise.resolve('too'))).toBe('too');
});

it('does not make others wait for a task that takes long', async () => {
  const turns = createTurns({ atOnce: 1, inAll: 2, perKey: 2, longestTurnMs: 1 });
  const ends: (() => void)[] = [];
  const long = turns.run('key', async () => {
    await new Promise<void>((resolve) => ends.push(resolve));
    return 'long';
  });
  expect(await turns.run('key', async () => await Promise.resolve('short'))).toBe('short');
  ends.shift()?.();
  expect(await long).toBe('long');
  expect(await turns.run('key', async () => await Promise.resolve('next'))).toBe('next');
});

it('rests after a turn while others wait', async () => {
  const turns = createTurns({
    ...{ atOnce: 1, inAll: 3, perKey: 3 },
    longestTurnMs: MINUTE,
    restTimes: 2,
  });
  const ends: number[] = [];
  const begins: number[] = [];
  const run = async (): Promise<void> => {
    await turns.run('key', async () => {
      begins.push(performance.now());
      await delay(20, never);
      ends.push(performance.now());
    });
  };
  await Promise.all([run(), run()]);
  expect((begins[1] ?? 0) - (ends[0] ?? 0)).toBeGreaterThan(30);
  await run();
  expect(begins).toHaveLength(3);
});
