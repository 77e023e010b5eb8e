import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { withAttemptBegun } from '../../../src/domain/attemptLog.ts';
import { Superseded, type Custody } from '../../../src/pipeline/custody.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aParked } from '../../support/builders.ts';
import { deferred } from '../../support/fakePorts.ts';
import { begin, begun, begunAgain, failedOnce, flush, hold, id } from './holding.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a notification in memory', () => {
  it('is parked a second after its first attempt began, and once', async () => {
    const { custody, retries, onParked } = await hold();
    await begin(custody, begun);
    await jest.advanceTimersByTimeAsync(999);
    expect(retries.writes).toEqual([]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(retries.writes).toEqual([`parkClaimed ${id}`]);
    expect(onParked).toHaveBeenCalledTimes(1);
    expect(await custody.claim()).toBe('claim 1');
  });

  it('is not told to be parked before that is durable', async () => {
    const durable = deferred<undefined>();
    const { custody, onParked } = await hold({ turn: async () => await durable.promise });
    await begin(custody, begun);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(onParked).not.toHaveBeenCalled();
    durable.resolve(undefined);
    await flush();
    expect(onParked).toHaveBeenCalledTimes(1);
  });

  it('is parked by a stop, at once', async () => {
    const { custody, retries, stopping, onParked } = await hold();
    await begin(custody, begun);
    stopping.abort(new Stopping());
    await flush();
    expect(onParked).toHaveBeenCalledTimes(1);
    expect(retries.rows.get(id)).toMatchObject({ claim: 'claim 1', parked: { log: { begun: 1 } } });
  });

  it('does not begin its first attempt after a stop', async () => {
    const { custody, retries, stopping } = await hold();
    const reason = new Stopping();
    stopping.abort(reason);
    await expect(custody.beginAttempt(begun)).rejects.toBe(reason);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(retries.writes).toEqual([]);
  });

  it.each<[string, (custody: Custody) => Promise<unknown> | void]>([
    ['its end asked for the claim', async (custody) => await custody.claim()],
    ['it was closed', (custody) => custody.close()],
  ])('is not parked any more once %s', async (_when, end) => {
    const { custody, retries, stopping } = await hold();
    await begin(custody, begun);
    await end(custody);
    await jest.advanceTimersByTimeAsync(60_000);
    stopping.abort(new Stopping());
    await flush();
    expect(retries.writes).toEqual([]);
    expect(await custody.claim()).toBeNull();
  });

  it('is parked before its second attempt, which begins only when the row says so', async () => {
    const { custody, retries, onParked } = await hold();
    await begin(custody, begun);
    await begin(custody, withAttemptBegun(failedOnce, new Date()));
    expect(retries.writes).toEqual([`parkClaimed ${id}`, `beginAttempt ${id}`]);
    expect(retries.rows.get(id)?.parked.log.begun).toBe(2);
    expect(onParked).toHaveBeenCalledTimes(1);
  });

  it('is let go by parking it unclaimed, due after the wait', async () => {
    const { custody, retries } = await hold();
    await begin(custody, begun);
    const at = await custody.release(failedOnce, 30_000);
    expect(at).toEqual(new Date(Date.now() + 30_000));
    expect(retries.writes).toEqual([`park ${id}`]);
    expect(retries.rows.get(id)).toMatchObject({ claim: null, dueAtMs: at.getTime() });
    expect(retries.rows.get(id)?.parked.log).toBe(failedOnce);
  });

  it('that is let go while it is being parked is let go after that', async () => {
    const durable = deferred<undefined>();
    const { custody, retries } = await hold({
      turn: async (port) => {
        if (port === 'parkClaimed') await durable.promise;
      },
    });
    await begin(custody, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    const released = custody.release(failedOnce, 30_000);
    await flush();
    expect(retries.writes).toEqual([`parkClaimed ${id}`]);
    durable.resolve(undefined);
    await released;
    expect(retries.writes).toEqual([`parkClaimed ${id}`, `release ${id}`]);
    expect(retries.rows.get(id)).toMatchObject({ claim: null });
    expect(retries.rows.get(id)?.parked.log).toBe(failedOnce);
  });

  it('that somebody else has parked before is theirs: it is settled here, and no more begun', async () => {
    const { custody, retries, onParked } = await hold();
    await retries.park(aParked({ log: failedOnce }), 60_000);
    await begin(custody, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(onParked).toHaveBeenCalledTimes(1);
    await expect(custody.beginAttempt({ ...begun, begun: 2 })).rejects.toBeInstanceOf(Superseded);
    await expect(custody.release(failedOnce, 0)).rejects.toBeInstanceOf(Superseded);
    expect(await custody.claim()).toBeNull();
    expect(retries.rows.get(id)).toMatchObject({ claim: null, parked: { log: failedOnce } });
  });

  it('passes a failure to park on to whoever needs the row, and to nobody else', async () => {
    const reason = new Stopping();
    const { custody, onParked } = await hold({ turn: () => Promise.reject(reason) });
    await begin(custody, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(onParked).not.toHaveBeenCalled();
    await expect(custody.claim()).rejects.toBe(reason);
  });
});

describe('a notification from a claimed row', () => {
  it('counts its first attempt once that has run for a second, and renews its claim', async () => {
    const { custody, retries } = await hold({ fromRow: true });
    await jest.advanceTimersByTimeAsync(40_000);
    await begin(custody, begun);
    await jest.advanceTimersByTimeAsync(999);
    expect(retries.rows.get(id)?.parked.log.begun).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(retries.writes.slice(1)).toEqual([`beginAttempt ${id}`]);
    expect(retries.rows.get(id)?.parked.log.begun).toBe(1);
    await jest.advanceTimersByTimeAsync(40_000);
    expect(retries.isClaimed('sms-1')).toBe(true);
  });

  it('counts its first attempt at once when a stop comes', async () => {
    const { custody, retries, stopping } = await hold({ fromRow: true });
    await begin(custody, begun);
    stopping.abort(new Stopping());
    await flush();
    expect(retries.rows.get(id)?.parked.log.begun).toBe(1);
  });

  it('does not count a first attempt that was over within a second but for its outcome', async () => {
    const { custody, retries } = await hold({ fromRow: true });
    await begin(custody, begun);
    await custody.release(failedOnce, 30_000);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(retries.writes.slice(1)).toEqual([`release ${id}`]);
    expect(retries.rows.get(id)?.parked.log).toBe(failedOnce);
  });

  it('counts a first attempt that failed with its outcome, while it waits for a quick retry', async () => {
    const { custody, retries } = await hold({ fromRow: true });
    await begin(custody, begun);
    custody.attemptEnded(failedOnce);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(retries.rows.get(id)?.parked.log).toBe(failedOnce);
  });

  it('counts every later attempt in the row before that begins, and renews its claim', async () => {
    const { custody, retries } = await hold({ fromRow: true });
    await jest.advanceTimersByTimeAsync(40_000);
    await begin(custody, begunAgain);
    expect(retries.writes.slice(1)).toEqual([`beginAttempt ${id}`]);
    expect(retries.rows.get(id)?.parked.log.begun).toBe(2);
    await jest.advanceTimersByTimeAsync(40_000);
    expect(retries.isClaimed('sms-1')).toBe(true);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(retries.isClaimed('sms-1')).toBe(false);
  });

  it('needs no parking by itself, whatever time passes', async () => {
    const { custody, retries, stopping, onParked } = await hold({ fromRow: true });
    await begin(custody, begunAgain);
    await jest.advanceTimersByTimeAsync(60_000);
    stopping.abort(new Stopping());
    await flush();
    expect(retries.writes).toHaveLength(2);
    expect(onParked).not.toHaveBeenCalled();
  });

  it('is let go with what is known by now, and where it leads now', async () => {
    const { custody, retries } = await hold({ fromRow: true });
    const at = await custody.release(failedOnce, 2_000);
    expect(at).toEqual(new Date(Date.now() + 2_000));
    expect(retries.rows.get(id)).toMatchObject({ claim: null, parked: { log: failedOnce } });
  });

  it('whose claim was lost is neither begun nor let go', async () => {
    const { custody, retries } = await hold({ fromRow: true });
    retries.stealClaim(id);
    const row = retries.rows.get(id);
    await expect(custody.beginAttempt(begunAgain)).rejects.toBeInstanceOf(Superseded);
    await expect(custody.release(failedOnce, 0)).rejects.toBeInstanceOf(Superseded);
    expect(retries.rows.get(id)).toBe(row);
  });

  it('gives its claim to its end', async () => {
    const { custody } = await hold({ fromRow: true });
    expect(await custody.claim()).toBe('claim 1');
  });
});

describe('a notification that no row can hold', () => {
  it('stays in memory through all its attempts, and a stop', async () => {
    const { custody, retries, stopping, onParked } = await hold({ canBeParked: false });
    await begin(custody, begun);
    await jest.advanceTimersByTimeAsync(60_000);
    await begin(custody, begunAgain);
    stopping.abort(new Stopping());
    await flush();
    expect(await custody.claim()).toBeNull();
    expect(retries.writes).toEqual([]);
    expect(onParked).not.toHaveBeenCalled();
  });
});
