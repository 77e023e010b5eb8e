import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { createCondition } from '../../../src/runtime/condition.ts';
import { Stopping } from '../../../src/runtime/abort.ts';

const { signal: never } = new AbortController();

describe('waiting for a condition', () => {
  it('is over at once where it is met', async () => {
    await expect(createCondition().until(() => true, never)).resolves.toBeUndefined();
  });

  it('is over for each once its own condition is met, and no sooner', async () => {
    const condition = createCondition();
    let reached = 3;
    const over: number[] = [];
    for (const at of [5, 4]) {
      void condition.until(() => reached >= at, never).then(() => over.push(at));
    }
    reached = 4;
    condition.check();
    await turn();
    expect(over).toEqual([4]);
    reached = 7;
    await turn();
    expect(over).toEqual([4]);
    condition.check();
    await turn();
    expect(over).toEqual([4, 5]);
  });

  it('is over for another reason when its signal is aborted, and asks no more', async () => {
    const condition = createCondition();
    const stop = new AbortController();
    let asked = 0;
    const isMet = (): boolean => {
      asked += 1;
      return false;
    };
    const waiting = condition.until(isMet, stop.signal);
    stop.abort(new Stopping());
    await expect(waiting).rejects.toThrow(Stopping);
    condition.check();
    expect(asked).toBe(1);
    await expect(condition.until(() => true, stop.signal)).rejects.toThrow(Stopping);
  });
});
