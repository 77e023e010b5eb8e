import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Stopping } from '../../../src/runtime/abort.ts';
import { deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { beginWorking, heldAtLast, ttlMs, untilStopped } from './leasing.ts';

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a worker', () => {
  it('that gets the lease works, and keeps it for as long as it works', async () => {
    const worker = beginWorking();
    await pass(10 * ttlMs);
    expect(worker.terms).toHaveLength(1);
    expect(worker.terms[0]?.epoch).toBe(1);
    expect(worker.terms[0]?.stopping.aborted).toBe(false);
    expect(worker.leases.holds(1)).toBe(true);
    expect(worker.leases.calls.filter((call) => call === 'renew 1').length).toBeGreaterThan(25);
    expect(worker.logger.lines.map(({ event }) => event)).toEqual(['lease_acquired']);
    expect(worker.metrics.reported).toEqual([['leaseHeld', '0', true]]);
    await worker.stop();
  });

  it('stands by while another one has the lease, says so once, and takes over when it is free', async () => {
    const held = deferred<undefined>();
    const worker = beginWorking({
      turn: async (port) => {
        if (port === 'acquire') await held.promise;
      },
    });
    worker.leases.takeAway();
    held.resolve(undefined);
    await pass(ttlMs - 1_000);
    expect(worker.terms).toEqual([]);
    expect(worker.health.reported).toContainEqual(['standby']);
    expect(worker.logger.lines.map(({ event }) => event)).toEqual(['standby']);
    expect(new Set(worker.standbys)).toEqual(new Set(['seen']));
    await pass(2_000);
    expect(worker.standbys.at(-1)).toBe('left');
    expect(worker.terms[0]?.epoch).toBe(2);
    await worker.stop();
  });

  it('stands by while the database does not answer, and asks about once a second', async () => {
    let failures = 3;
    const worker = beginWorking({
      turn: async (port) => {
        if (port !== 'acquire' || failures === 0) return;
        failures -= 1;
        throw await Promise.resolve(new Error('no primary'));
      },
    });
    await pass(2_500);
    expect(worker.terms).toEqual([]);
    expect(worker.logger.of('database_retry')).toHaveLength(3);
    await pass(1_000);
    expect(worker.terms).toHaveLength(1);
    await worker.stop();
  });

  it('that stops before it ever got the lease just ends', async () => {
    const worker = beginWorking();
    worker.leases.takeAway();
    await worker.stop();
    expect(worker.leases.calls.filter((call) => call.startsWith('release 2'))).toEqual([]);
    expect(worker.standbys.at(-1)).toBe('left');
  });
});

describe('a stop', () => {
  it('releases the lease when the work is over, at the latest', async () => {
    const worker = beginWorking();
    await pass(1_000);
    await worker.stop();
    expect(worker.leases.calls.at(-1)).toBe('release 1');
    expect(worker.leases.holds(1)).toBe(false);
    expect(heldAtLast(worker)).toEqual(['leaseHeld', '0', false]);
  });

  it('releases it as soon as the work releases it, though calls still run, and once', async () => {
    const calls = deferred<undefined>();
    const worker = beginWorking({
      async work(term) {
        await untilStopped(term);
        await term.release();
        await calls.promise;
      },
    });
    await pass(1_000);
    worker.stopping.abort(new Stopping());
    await pass(0);
    expect(worker.leases.holds(1)).toBe(false);
    expect(heldAtLast(worker)).toEqual(['leaseHeld', '0', false]);
    expect(watch(worker.done).isSettled).toBe(false);
    await pass(60_000);
    calls.resolve(undefined);
    await worker.done;
    expect(worker.leases.calls.filter((call) => call === 'release 1')).toHaveLength(1);
    expect(worker.leases.calls.at(-1)).toBe('release 1');
    expect(worker.logger.of('lease_lost')).toEqual([]);
  });

  it('does not wait for a running renewal, which finds nothing to renew after the release', async () => {
    const renewal = deferred<undefined>();
    const worker = beginWorking({
      turn: async (port) => {
        if (port === 'renew') await renewal.promise;
      },
    });
    await pass(ttlMs / 3);
    await worker.stop();
    expect(worker.leases.calls.at(-1)).toBe('release 1');
    renewal.resolve(undefined);
    await pass(100);
    expect(worker.leases.holds(1)).toBe(false);
  });

  it('is not held up by a release that fails: the lease runs out', async () => {
    const worker = beginWorking({
      turn: (port) =>
        port === 'release' ? Promise.reject(new Error('no primary')) : Promise.resolve(),
    });
    await pass(1_000);
    await worker.stop();
    expect(worker.leases.calls.at(-1)).toBe('release 1');
  });
});
