import { describe, expect, it } from '@jest/globals';
import { onAbort } from '../../../src/runtime/abort.ts';

describe('listeners to an abort', () => {
  it('are all told the reason, once', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('stopping');
    const told: unknown[] = [];
    for (let n = 0; n < 100; n += 1) onAbort(signal, (error) => told.push(error));
    controller.abort(reason);
    controller.abort(new Error('again'));
    expect(told).toEqual(Array.from({ length: 100 }, () => reason));
  });

  it('are not told after they took it back, even in the middle of being told', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const told: string[] = [];
    const forgetFirst = onAbort(signal, () => told.push('first'));
    onAbort(signal, () => {
      told.push('second');
      forgetThird();
    });
    const forgetThird = onAbort(signal, () => told.push('third'));
    forgetFirst();
    controller.abort();
    expect(told).toEqual(['second']);
  });

  it('of one signal hear nothing of another', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const told: string[] = [];
    onAbort(one.signal, () => told.push('one'));
    onAbort(other.signal, () => told.push('other'));
    one.abort();
    expect(told).toEqual(['one']);
  });
});
