import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { createKeyedMutex } from '../../../src/runtime/keyedMutex.ts';
import { deferred } from '../../support/fakePorts.ts';

describe('the gate', () => {
  it('lets the first task of an SMS run at once and gives its result', async () => {
    const gate = createKeyedMutex();
    let hasBegun = false;
    const result = gate.run('a', async () => {
      hasBegun = true;
      return await Promise.resolve('done');
    });
    expect(hasBegun).toBe(true);
    expect(await result).toBe('done');
  });

  it('makes the next task of the SMS wait until the one before has ended', async () => {
    const gate = createKeyedMutex();
    const first = deferred<string>();
    const begun: string[] = [];
    const one = gate.run('a', async () => {
      begun.push('one');
      return await first.promise;
    });
    const two = gate.run('a', async () => {
      begun.push('two');
      return await Promise.resolve('second');
    });
    await Promise.resolve();
    expect(begun).toEqual(['one']);
    first.resolve('first');
    expect(await Promise.all([one, two])).toEqual(['first', 'second']);
    expect(begun).toEqual(['one', 'two']);
  });

  it('lets another SMS through meanwhile', async () => {
    const gate = createKeyedMutex();
    const first = deferred<string>();
    const one = gate.run('a', async () => await first.promise);
    expect(await gate.run('b', async () => await Promise.resolve('other'))).toBe('other');
    first.resolve('first');
    await one;
  });

  it('lets the next task through when the one before failed, and fails for the failing one alone', async () => {
    const gate = createKeyedMutex();
    const failure = new Error('it broke');
    const first = deferred<string>();
    const outcomes = Promise.allSettled([
      gate.run('a', async () => await first.promise),
      gate.run('a', async () => await Promise.resolve('next')),
    ]);
    first.reject(failure);
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'fulfilled', value: 'next' },
    ]);
  });

  it('does not make a task wait for those that ended before it came', async () => {
    const gate = createKeyedMutex();
    await gate.run('a', async () => await Promise.resolve(1));
    let hasBegun = false;
    const next = gate.run('a', async () => {
      hasBegun = true;
      return await Promise.resolve(2);
    });
    expect(hasBegun).toBe(true);
    await next;
  });

  it('runs no two tasks of one SMS at once, and each SMS’ in the order they came, failing or not', async () => {
    const tasks = fc.array(
      fc.record({ sms: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(3), fails: fc.boolean() }),
      { maxLength: 20 },
    );
    const property = fc.asyncProperty(tasks, fc.scheduler(), async (wanted, s) => {
      const gate = createKeyedMutex();
      const running = new Set<string>();
      const ended: number[] = [];
      const enter = async (index: number): Promise<number> => {
        const task = wanted[index];
        if (task === undefined) throw new Error('no such task');
        const { sms, turns, fails } = task;
        await s.schedule(Promise.resolve(), `${index} comes`);
        come.push(index);
        return await gate.run(sms, async () => {
          expect(running.has(sms)).toBe(false);
          running.add(sms);
          for (let turn = 0; turn < turns; turn += 1) await s.schedule(Promise.resolve());
          running.delete(sms);
          ended.push(index);
          if (fails) throw new Error('it broke');
          return index;
        });
      };
      const come: number[] = [];
      const outcomes = await s.waitFor(Promise.allSettled(wanted.map((_task, at) => enter(at))));
      expect(outcomes.map(({ status }) => status)).toEqual(
        wanted.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')),
      );
      for (const sms of ['a', 'b', 'c']) {
        const isOfSms = (index: number): boolean => wanted[index]?.sms === sms;
        expect(ended.filter(isOfSms)).toEqual(come.filter(isOfSms));
      }
    });
    await fc.assert(property);
  }, 60_000);
});

describe('a task that has no patience', () => {
  const patienceMs = 1_000;
  const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** A gate that one task holds until `leave`, and one that came after it. */
  function createQueue() {
    const gate = createKeyedMutex();
    const holder = deferred<string>();
    const held = gate.run('a', async () => await holder.promise);
    const task = jest.fn(async () => await Promise.resolve('done'));
    const entered = gate.runWithin('a', patienceMs, task);
    const leave = async (): Promise<void> => {
      holder.resolve('over');
      await held;
    };
    return { gate, task, entered, leave };
  }

  it('runs at once when the gate is free', async () => {
    const gate = createKeyedMutex();
    expect(await gate.runWithin('a', patienceMs, async () => await Promise.resolve(1))).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('runs when its turn comes in time, however long it takes itself', async () => {
    const { gate, leave } = createQueue();
    const slow = deferred<string>();
    const entered = gate.runWithin('a', patienceMs, async () => await slow.promise);
    await pass(999);
    await leave();
    await pass(60_000);
    slow.resolve('slow');
    expect(await entered).toBe('slow');
  });

  it('is never run when its turn did not come in time, and says so when its time is up', async () => {
    const { task, entered, leave } = createQueue();
    await pass(999);
    expect(task).not.toHaveBeenCalled();
    await pass(1);
    expect(await entered).toBe('busy');
    await leave();
    await pass(60_000);
    expect(task).not.toHaveBeenCalled();
  });

  it('and was not run keeps nobody waiting', async () => {
    const { gate, entered, leave } = createQueue();
    await pass(patienceMs);
    await entered;
    const next = gate.run('a', async () => await Promise.resolve('next'));
    await leave();
    expect(await next).toBe('next');
  });

  it('does not wait for another SMS', async () => {
    const { gate, leave } = createQueue();
    expect(await gate.runWithin('b', 0, async () => await Promise.resolve(2))).toBe(2);
    await leave();
  });

  it('fails as it fails, also after it has waited', async () => {
    const { gate, leave } = createQueue();
    const failure = new Error('it broke');
    const entered = gate.runWithin('a', patienceMs, async () => await Promise.reject(failure));
    const failed = expect(entered).rejects.toBe(failure);
    await leave();
    await failed;
  });

  it('is kept waiting by no task that fails before it', async () => {
    const gate = createKeyedMutex();
    const failure = new Error('it broke');
    const first = gate.run('a', async () => await Promise.reject(failure));
    const entered = gate.runWithin('a', patienceMs, async () => await Promise.resolve(3));
    await expect(first).rejects.toBe(failure);
    expect(await entered).toBe(3);
  });
});
