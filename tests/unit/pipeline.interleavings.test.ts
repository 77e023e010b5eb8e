import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { createSurroundings, enoughRuns, situation } from './interleaving.ts';

const runs = { atLeast: 25, withinMs: 25_000 };

type Surroundings = ReturnType<typeof createSurroundings>;

/** Every status somebody is to be notified of has ended once; nothing is left to be done. */
function expectAllEnded({ expected, violations, database, namesCalled }: Surroundings): void {
  expect(violations).toEqual([]);
  expect(namesCalled().sort()).toEqual(expected.toSorted());
  for (const name of expected) expect(database.ended(name)).toBeDefined();
  expect([...database.retries.rows.keys()]).toEqual([]);
}

function expectEndedOnce({ expected, database }: Surroundings): void {
  const ends = database.endings.filter(({ remember }) => remember);
  expect(ends.map(({ notificationId }) => notificationId).sort()).toEqual(expected.toSorted());
}

beforeEach(() => {
  jest.useFakeTimers({
    doNotFake: ['setImmediate', 'clearImmediate', 'nextTick', 'queueMicrotask'],
  });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('whatever the order of things', () => {
  it('clean stops, each with a successor that begins while calls still run, notify of every status exactly once', async () => {
    const isEnough = enoughRuns(runs);
    const property = fc.asyncProperty(situation, fc.scheduler(), async (plan, s) => {
      if (isEnough()) return;
      const surroundings = createSurroundings(s, plan, 'stop');
      await surroundings.run();
      expectAllEnded(surroundings);
      expectEndedOnce(surroundings);
      const { expected, callsOf, attemptsOf, database } = surroundings;
      for (const name of expected) {
        const numbers = callsOf(name).map(({ number }) => number);
        expect(numbers).toEqual(attemptsOf(name));
        expect(database.ended(name)?.record?.attempts).toBe(numbers.length);
      }
    });
    await fc.assert(property, { numRuns: 100 });
  }, 300_000);

  it('sudden deaths lose none, and repeat only what had no answer that was recorded', async () => {
    const isEnough = enoughRuns(runs);
    const property = fc.asyncProperty(situation, fc.scheduler(), async (plan, s) => {
      if (isEnough()) return;
      const surroundings = createSurroundings(s, plan, 'death');
      await surroundings.run();
      expectAllEnded(surroundings);
      expectEndedOnce(surroundings);
      const { expected, callsOf, database } = surroundings;
      for (const name of expected) {
        const calls = callsOf(name);
        // Each worker may have counted one that it did not live to make.
        expect(calls[0]?.number).toBeLessThanOrEqual(1 + plan.lives.length);
        for (const [index, next] of calls.entries()) {
          const before = calls[index - 1];
          if (before === undefined) continue;
          const isCutOff = !before.life.isAlive && before.life !== next.life;
          // A first attempt that ran for less than a second is made again as such.
          const isAgain = isCutOff && before.number === 1 && next.number === 1;
          const isNext = isCutOff ? next.number > before.number : next.number === before.number + 1;
          expect(isAgain || isNext).toBe(true);
          expect(before.isRefused || isCutOff).toBe(true);
        }
        const counted = database.ended(name)?.record?.attempts ?? 0;
        expect(counted).toBeGreaterThanOrEqual(calls.at(-1)?.number ?? Number.NaN);
      }
    });
    await fc.assert(property, { numRuns: 100 });
  }, 300_000);

  it('a lease that passes on before its holder knows loses none and leaves nothing behind', async () => {
    const isEnough = enoughRuns(runs);
    const property = fc.asyncProperty(situation, fc.scheduler(), async (plan, s) => {
      if (isEnough()) return;
      const surroundings = createSurroundings(s, plan, 'lost lease');
      await surroundings.run();
      expectAllEnded(surroundings);
      const { expected, callsOf, database } = surroundings;
      for (const name of expected) {
        const wasTaken = callsOf(name).some(({ isRefused }) => !isRefused);
        expect(database.ended(name)?.record?.state).toBe(wasTaken ? 'delivered' : 'failed');
      }
    });
    await fc.assert(property, { numRuns: 100 });
  }, 300_000);
});
