import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Stopping } from '../../../src/runtime/abort.ts';
import { retryTransient } from '../../../src/runtime/retry.ts';
import { deferred } from '../../support/fakePorts.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';

const down = new Error('no primary');

/** Fails `failures` times, then gives `done`. */
function failing(failures: number) {
  return jest.fn<() => Promise<string>>(async () => {
    if (operation.mock.calls.length <= failures) throw await Promise.resolve(down);
    return 'done';
  });
}
let operation: ReturnType<typeof failing>;

describe('retryTransient', () => {
  const controller = () => new AbortController();
  let stopping: AbortController;
  let logger = createMemoryLogger();
  const retry = async (): Promise<string> =>
    await retryTransient(operation, { what: 'ledger', signal: stopping.signal, logger });

  beforeEach(() => {
    jest.useFakeTimers();
    stopping = controller();
    logger = createMemoryLogger();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('gives what the operation gives, without a word', async () => {
    operation = failing(0);
    expect(await retry()).toBe('done');
    expect(operation).toHaveBeenCalledTimes(1);
    expect(logger.lines).toEqual([]);
  });

  it('does it again until it succeeds, and tells of each failure', async () => {
    operation = failing(3);
    const done = retry();
    await jest.runAllTimersAsync();
    expect(await done).toBe('done');
    expect(operation).toHaveBeenCalledTimes(4);
    expect(logger.lines).toEqual(
      [1, 2, 3].map(() => ({
        level: 'warn',
        event: 'database_retry',
        fields: { what: 'ledger', waitMs: expect.any(Number), error: down },
      })),
    );
  });

  it('waits longer and longer, at least a tenth of a second and at most five seconds', async () => {
    operation = failing(20);
    const done = retry();
    await jest.runAllTimersAsync();
    await done;
    const waits = logger.lines.map(({ fields }) => Number(fields['waitMs']));
    expect(waits).toHaveLength(20);
    for (const [index, waitMs] of waits.entries()) {
      const ceiling = Math.min(200 * 2 ** index, 5_000);
      expect(waitMs).toBeGreaterThanOrEqual(ceiling / 2);
      expect(waitMs).toBeLessThanOrEqual(ceiling);
    }
  });

  it('does not try again before its wait is over', async () => {
    operation = failing(1);
    const done = retry();
    await jest.advanceTimersByTimeAsync(99);
    expect(operation).toHaveBeenCalledTimes(1);
    await jest.runAllTimersAsync();
    await done;
    expect(operation).toHaveBeenCalledTimes(2);
  });

  it('gives up waiting as soon as it is to stop', async () => {
    operation = failing(9);
    const done = retry();
    await jest.advanceTimersByTimeAsync(0);
    const reason = new Stopping();
    stopping.abort(reason);
    await expect(done).rejects.toBe(reason);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('tries once even when it is to stop, since that may be the last save', async () => {
    operation = failing(0);
    stopping.abort(new Stopping());
    expect(await retry()).toBe('done');
  });

  it('ends with the reason of the stop, not with the failure, when the stop came during the try', async () => {
    const answer = deferred<string>();
    operation = jest.fn(async () => await answer.promise);
    const done = retry();
    const reason = new Stopping();
    stopping.abort(reason);
    answer.reject(down);
    await expect(done).rejects.toBe(reason);
  });

  it('makes an Error of what was thrown', async () => {
    operation = jest.fn(async () => {
      if (operation.mock.calls.length === 1) {
        // oxlint-disable-next-line typescript/only-throw-error -- what a library may do
        throw await Promise.resolve('text');
      }
      return 'done';
    });
    const done = retry();
    await jest.runAllTimersAsync();
    await done;
    expect(logger.lines[0]?.fields['error']).toEqual(new Error('text'));
  });
});
