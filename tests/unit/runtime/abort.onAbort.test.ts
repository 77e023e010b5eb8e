import { describe, expect, it } from '@jest/globals';
import { onAbort } from '../../../src/runtime/abort.ts';

describe('listeners to an abort', () => {
  it('are all told the reason, once', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('stopping');
    const notified: unknown[] = [];
    for (let n = 0; n < 100; n += 1) onAbort(signal, (error) => notified.push(error));
    controller.abort(reason);
    controller.abort(new Error('again'));
    expect(notified).toEqual(Array.from({ length: 100 }, () => reason));
  });

  it('are not told after they took it back, even in the middle of being told', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const notified: string[] = [];
    const forgetFirst = onAbort(signal, () => notified.push('first'));
    onAbort(signal, () => {
      notified.push('second');
      forgetThird();
    });
    const forgetThird = onAbort(signal, () => notified.push('third'));
    forgetFirst();
    controller.abort();
    expect(notified).toEqual(['second']);
  });

  it('of one signal hear nothing of another', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const notified: string[] = [];
    onAbort(one.signal, () => notified.push('one'));
    onAbort(other.signal, () => notified.push('other'));
    one.abort();
    expect(notified).toEqual(['one']);
  });
});
