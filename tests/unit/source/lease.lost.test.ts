import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Stopping } from '../../../src/runtime/abort.ts';
import { deferred } from '../../support/fakePorts.ts';
import { beginWorking, heldAtLast, ttlMs, untilStopped } from './leasing.ts';

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a lease', () => {
  it('that another worker has taken stops the work at the next renewal, and is not released', async () => {
    const worker = beginWorking();
    await pass(1_000);
    worker.leases.takeAway();
    await pass(ttlMs / 3);
    expect(worker.terms[0]?.stopping.aborted).toBe(true);
    expect(worker.terms[0]?.stopping.reason).toBeInstanceOf(Stopping);
    expect(worker.logger.of('lease_lost')).toMatchObject([
      { level: 'warn', fields: { epoch: 1, cause: 'another worker has it' } },
    ]);
    expect(worker.leases.calls).not.toContain('release 1');
    expect(heldAtLast(worker)).toEqual(['leaseHeld', '0', false]);
    await pass(2 * ttlMs);
    expect(worker.terms[1]?.epoch).toBe(3);
    await worker.stop();
  });

  it('is given up by work that finds itself overtaken, and taken again once it has run out', async () => {
    const worker = beginWorking();
    await pass(1_000);
    worker.terms[0]?.lose('its checkpoint was turned back');
    expect(worker.terms[0]?.stopping.aborted).toBe(true);
    expect(worker.logger.of('lease_lost')).toMatchObject([
      { fields: { epoch: 1, cause: 'its checkpoint was turned back' } },
    ]);
    await pass(2 * ttlMs);
    expect(worker.terms).toHaveLength(2);
    expect(worker.terms[1]?.stopping.aborted).toBe(false);
    await worker.stop();
  });

  it('that can’t be renewed stops the work before it can have passed on', async () => {
    let isDown = false;
    const worker = beginWorking({
      turn: (port) =>
        isDown && port === 'renew' ? Promise.reject(new Error('no primary')) : Promise.resolve(),
    });
    await pass(ttlMs);
    isDown = true;
    const [term] = worker.terms;
    while (term?.stopping.aborted === false) {
      expect(worker.leases.holds(1)).toBe(true);
      await pass(100);
    }
    expect(worker.leases.holds(1)).toBe(true);
    expect(worker.logger.of('lease_lost')).toMatchObject([
      { fields: { cause: 'it could not be renewed in time' } },
    ]);
    await worker.stop();
  });

  it('that holds for long is kept while MongoDB is there for a few seconds in each minute', async () => {
    let isDown = false;
    const worker = beginWorking({
      holdsMs: 120_000,
      turn: (port) =>
        isDown && port === 'renew' ? Promise.reject(new Error('no primary')) : Promise.resolve(),
    });
    await pass(30_000);
    for (let minute = 0; minute < 10; minute += 1) {
      isDown = true;
      await pass(50_000);
      isDown = false;
      await pass(6_000);
    }
    expect(worker.logger.of('lease_lost')).toEqual([]);
    expect(worker.terms).toHaveLength(1);
    await worker.stop();
  });

  it('whose renewal hangs stops the work as well', async () => {
    const never = deferred<undefined>();
    const worker = beginWorking({
      turn: async (port) => {
        if (port === 'renew') await never.promise;
      },
    });
    await pass(0.8 * ttlMs - 1);
    expect(worker.terms[0]?.stopping.aborted).toBe(false);
    await pass(1);
    expect(worker.terms[0]?.stopping.aborted).toBe(true);
    never.resolve(undefined);
    await worker.stop();
  });

  it('whose renewal failed once and then succeeded is kept', async () => {
    let failures = 1;
    const worker = beginWorking({
      turn: async (port) => {
        if (port !== 'renew' || failures === 0) return;
        failures -= 1;
        throw await Promise.resolve(new Error('no primary'));
      },
    });
    await pass(3 * ttlMs);
    expect(worker.terms).toHaveLength(1);
    expect(worker.terms[0]?.stopping.aborted).toBe(false);
    await worker.stop();
  });

  it('counts from when it was asked for, not from when the answer came', async () => {
    const slow = deferred<undefined>();
    const worker = beginWorking({
      turn: async (port) => {
        if (port === 'acquire') await slow.promise;
        if (port === 'renew') throw await Promise.resolve(new Error('no primary'));
      },
    });
    await pass(0.7 * ttlMs);
    slow.resolve(undefined);
    await pass(0.1 * ttlMs);
    expect(worker.terms[0]?.stopping.aborted).toBe(true);
    await worker.stop();
  });

  it('that a frozen process comes back to after its end is lost, though a late answer says otherwise', async () => {
    const answer = deferred<undefined>();
    let renewals = 0;
    const worker = beginWorking({
      turn: async (port) => {
        renewals += port === 'renew' ? 1 : 0;
        if (port === 'renew' && renewals === 1) await answer.promise;
      },
    });
    await pass(ttlMs / 3);
    const frozen = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + ttlMs);
    answer.resolve(undefined);
    await pass(0);
    frozen.mockRestore();
    expect(worker.terms[0]?.stopping.aborted).toBe(true);
    await worker.stop();
  });

  it('that a frozen process comes back to after its end is lost as soon as the work asks, before any timer', async () => {
    const worker = beginWorking();
    await pass(0);
    const [term] = worker.terms;
    expect(term?.isHeld()).toBe(true);
    const frozen = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + ttlMs);
    expect(term?.isHeld()).toBe(false);
    frozen.mockRestore();
    expect(term?.stopping.aborted).toBe(true);
    await worker.stop();
  });
});

describe('work', () => {
  it('that ends by itself because a later holder has fenced it off makes the worker a standby', async () => {
    let terms = 0;
    const worker = beginWorking({
      async work(term) {
        terms += 1;
        if (terms === 1) throw await Promise.resolve(new Stopping());
        await untilStopped(term);
      },
    });
    await pass(2_000);
    expect(worker.terms).toHaveLength(2);
    await worker.stop();
  });

  it('that fails with a bug ends the worker with it, and the lease is released', async () => {
    const bug = new TypeError('undefined is not a function');
    const worker = beginWorking({ work: async () => await Promise.reject(bug) });
    await expect(worker.done).rejects.toBe(bug);
    expect(worker.leases.holds(1)).toBe(false);
  });

  it('that was cut short by the stop passes that on', async () => {
    const worker = beginWorking({
      async work(term) {
        await untilStopped(term);
        term.stopping.throwIfAborted();
      },
    });
    const reason = new Stopping();
    await pass(1_000);
    worker.stopping.abort(reason);
    await expect(worker.done).rejects.toBe(reason);
    expect(worker.leases.holds(1)).toBe(false);
  });
});
