import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { createTurnstile } from '../../../src/runtime/turnstile.ts';

describe('a turnstile', () => {
  it('lets the first pass at once, and so many more in each turn, in their order', async () => {
    const turnstile = createTurnstile(2);
    const passed: number[] = [];
    const pass = async (name: number): Promise<void> => {
      await turnstile.pass();
      passed.push(name);
    };
    const all = [1, 2, 3, 4, 5].map(pass);
    await Promise.resolve();
    await Promise.resolve();
    expect(passed).toEqual([1, 2]);
    await turn();
    expect(passed).toEqual([1, 2, 3, 4]);
    await Promise.all(all);
    expect(passed).toEqual([1, 2, 3, 4, 5]);
  });

  it('lets nobody overtake those who wait', async () => {
    const turnstile = createTurnstile(1);
    expect(turnstile.pass()).toBeNull();
    const second = turnstile.pass();
    expect(second).toBeInstanceOf(Promise);
    await turn();
    // The second has this turn.
    const third = turnstile.pass();
    expect(third).toBeInstanceOf(Promise);
    await Promise.all([second, third]);
  });

  it('is free again after a turn in which nobody came', async () => {
    const turnstile = createTurnstile(1);
    expect(turnstile.pass()).toBeNull();
    await turn();
    await turn();
    expect(turnstile.pass()).toBeNull();
  });
});
