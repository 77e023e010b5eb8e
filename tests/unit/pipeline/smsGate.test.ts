import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createSmsGate } from '../../../src/pipeline/smsGate.ts';
import { deferred } from '../../support/fakePorts.ts';

describe('the gate', () => {
  it('lets the first task of an SMS run at once and gives its result', async () => {
    const gate = createSmsGate();
    let hasBegun = false;
    const result = gate.enter('a', async () => {
      hasBegun = true;
      return await Promise.resolve('done');
    });
    expect(hasBegun).toBe(true);
    expect(await result).toBe('done');
  });

  it('makes the next task of the SMS wait until the one before has ended', async () => {
    const gate = createSmsGate();
    const first = deferred<string>();
    const begun: string[] = [];
    const one = gate.enter('a', async () => {
      begun.push('one');
      return await first.promise;
    });
    const two = gate.enter('a', async () => {
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
    const gate = createSmsGate();
    const first = deferred<string>();
    const one = gate.enter('a', async () => await first.promise);
    expect(await gate.enter('b', async () => await Promise.resolve('other'))).toBe('other');
    first.resolve('first');
    await one;
  });

  it('lets the next task through when the one before failed, and fails for the failing one alone', async () => {
    const gate = createSmsGate();
    const failure = new Error('it broke');
    const first = deferred<string>();
    const outcomes = Promise.allSettled([
      gate.enter('a', async () => await first.promise),
      gate.enter('a', async () => await Promise.resolve('next')),
    ]);
    first.reject(failure);
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'fulfilled', value: 'next' },
    ]);
  });

  it('does not make a task wait for those that ended before it came', async () => {
    const gate = createSmsGate();
    await gate.enter('a', async () => await Promise.resolve(1));
    let hasBegun = false;
    const next = gate.enter('a', async () => {
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
      const gate = createSmsGate();
      const running = new Set<string>();
      const ended: number[] = [];
      const enter = async (index: number): Promise<number> => {
        const task = wanted[index];
        if (task === undefined) throw new Error('no such task');
        const { sms, turns, fails } = task;
        await s.schedule(Promise.resolve(), `${index} comes`);
        come.push(index);
        return await gate.enter(sms, async () => {
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
