import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { abortReason, delay, Stopping, withPatience } from '../../../src/runtime/abort.ts';
import { watch } from '../../support/recorders.ts';

describe('delay', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('waits as long as it is told to', async () => {
    const waiting = delay(1_000, new AbortController().signal);
    const seen = watch(waiting);
    await jest.advanceTimersByTimeAsync(999);
    expect(seen.isSettled).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await expect(waiting).resolves.toBeUndefined();
  });

  it("ends with the signal's reason as soon as it is aborted, and leaves no timer", async () => {
    const controller = new AbortController();
    const reason = new Stopping();
    const waiting = delay(60_000, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not begin when the signal was aborted before', async () => {
    const reason = new Stopping();
    await expect(delay(0, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves one listener on the signal, however often it is waited with', async () => {
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const waiting = [delay(10, signal), delay(10, signal)];
    await jest.advanceTimersByTimeAsync(10);
    await Promise.all([...waiting, delay(0, signal), jest.advanceTimersByTimeAsync(1)]);
    expect(added).toHaveBeenCalledTimes(1);
  });
});

describe('work with patience', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const untilGivenUp = async (patience: AbortSignal): Promise<string> => {
    await delay(60_000, patience).catch(() => undefined);
    return patience.aborted ? 'given up' : 'done';
  };

  it('is given up after that time', async () => {
    const working = withPatience(1_000, new AbortController().signal, untilGivenUp);
    const seen = watch(working);
    await jest.advanceTimersByTimeAsync(999);
    expect(seen.isSettled).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await working).toBe('given up');
  });

  it('is given up as soon as the signal is aborted', async () => {
    const stop = new AbortController();
    const working = withPatience(60_000, stop.signal, untilGivenUp);
    stop.abort(new Stopping());
    expect(await working).toBe('given up');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('settles as it does, and leaves no timer', async () => {
    const { signal } = new AbortController();
    expect(await withPatience(1_000, signal, () => Promise.resolve('done'))).toBe('done');
    const bug = new Error('a bug');
    await expect(withPatience(1_000, signal, () => Promise.reject(bug))).rejects.toBe(bug);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('abortReason', () => {
  it("is the signal's own, when that is an Error", () => {
    const reason = new Stopping();
    expect(abortReason(AbortSignal.abort(reason))).toBe(reason);
  });

  it('is an Error also when the signal was aborted with something else', () => {
    expect(abortReason(AbortSignal.abort('enough'))).toEqual(new Error('aborted'));
  });
});

describe('Stopping', () => {
  it('says in a log what it is', () => {
    const { name, message } = new Stopping();
    expect({ name, message }).toEqual({ name: 'Stopping', message: 'the worker is stopping' });
  });
});
