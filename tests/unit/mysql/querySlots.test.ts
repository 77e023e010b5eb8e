import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { createQuerySlots } from '../../../src/mysql/querySlots.ts';

const never = new AbortController().signal;

function start(size = 4) {
  const sleepers: (() => void)[] = [];
  const slots = createQuerySlots({
    size,
    delay: async () => await new Promise<void>((resolve) => sleepers.push(resolve)),
  });
  const running: string[] = [];
  const ends = new Map<string, () => void>();
  const errors: string[] = [];
  return {
    slots,
    running,
    errors,
    /** Named after its account, with a number behind. */
    async ask(name: string, { isInTrouble = false, signal = never } = {}): Promise<void> {
      const asker = { account: name.charAt(0), isInTrouble };
      const task = async (): Promise<void> => {
        running.push(name);
        await new Promise<void>((resolve) => ends.set(name, resolve));
        running.splice(running.indexOf(name), 1);
      };
      slots
        .enter(asker, task, signal)
        .catch((error: Error) => errors.push(`${name} ${error.name}`));
      await turn();
    },
    async end(name: string): Promise<void> {
      ends.get(name)?.();
      await turn();
    },
    async patienceEnds(): Promise<void> {
      for (const wake of sleepers.splice(0)) wake();
      await turn();
    },
  };
}

describe('the slots for queries', () => {
  it('are half of them one account may have at first, and one more with each answer', async () => {
    const { slots, running, ask, end } = start();
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']) await ask(name);
    expect(running).toEqual(['a1', 'a2']);
    slots.answered('a');
    await end('a1');
    expect(running).toEqual(['a2', 'a3', 'a4']);
    slots.answered('a');
    await end('a2');
    expect(running).toEqual(['a3', 'a4', 'a5', 'a6']);
  });

  it('go to the account that has fewest of them, then to who came first', async () => {
    const { running, ask, end } = start(3);
    for (const name of ['a1', 'b1', 'c1', 'a2', 'd1', 'e1']) await ask(name);
    expect(running).toEqual(['a1', 'b1', 'c1']);
    await end('b1');
    expect(running).toEqual(['a1', 'c1', 'd1']);
    await end('c1');
    expect(running).toEqual(['a1', 'd1', 'e1']);
    await end('a1');
    expect(running).toEqual(['d1', 'e1', 'a2']);
  });

  it('are one for an account whose query took too long; what waits there is refused', async () => {
    const { slots, running, errors, ask, end, patienceEnds } = start();
    for (const name of ['a1', 'a2', 'a3', 'a4']) await ask(name);
    slots.tookTooLong('a');
    await end('a1');
    await end('a2');
    expect(errors).toEqual(['a3 NoSlot', 'a4 NoSlot']);
    for (const name of ['a5', 'a6', 'b1']) await ask(name);
    expect(running).toEqual(['a5', 'b1']);
    await patienceEnds();
    expect(errors).toEqual(['a3 NoSlot', 'a4 NoSlot', 'a6 NoSlot']);
  });

  it('are shared again once a slow account is answered', async () => {
    const { slots, running, ask } = start();
    slots.tookTooLong('a');
    slots.answered('a');
    for (const name of ['a1', 'a2', 'a3']) await ask(name);
    expect(running).toEqual(['a1', 'a2']);
  });

  it('are one for all keys in trouble, in which accounts take turns, a key of each', async () => {
    const { running, errors, ask, end } = start();
    for (const name of ['a1', 'a2', 'b1', 'a3', 'b2']) await ask(name, { isInTrouble: true });
    await ask('a4');
    expect(running).toEqual(['a1', 'a4']);
    expect(errors).toEqual(['a2 NoSlot', 'a3 NoSlot', 'b2 NoSlot']);
    await end('a1');
    await ask('a5', { isInTrouble: true });
    expect(running).toEqual(['a4', 'b1']);
    await end('b1');
    expect(running).toEqual(['a4', 'a5']);
  });

  it('are not taken by who has left the line', async () => {
    const { running, errors, ask, end } = start(1);
    const stop = new AbortController();
    await ask('a1');
    await ask('b1', { signal: stop.signal });
    await ask('c1');
    stop.abort(new Error('stopping'));
    await end('a1');
    expect(running).toEqual(['c1']);
    expect(errors).toEqual(['b1 Error']);
  });
});
