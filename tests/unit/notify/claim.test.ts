import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { withAttemptBegun } from '../../../src/domain/attempt.ts';
import type { Claim } from '../../../src/notify/claim.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aRetry } from '../../support/builders.ts';
import { deferred } from '../../support/fakePorts.ts';
import { begin, begun, begunAgain, failedOnce, flush, hold, id } from './claiming.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a notification in memory', () => {
  it('is scheduled a second after its first attempt began, and once', async () => {
    const { claim, retries, onPersisted } = await hold();
    await begin(claim, begun);
    await jest.advanceTimersByTimeAsync(999);
    expect(retries.writes).toEqual([]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(retries.writes).toEqual([`scheduleClaimed ${id}`]);
    expect(onPersisted).toHaveBeenCalledTimes(1);
    expect(await claim.token()).toBe('claim 1');
  });

  it('is not reported as scheduled before that is durable', async () => {
    const durable = deferred<undefined>();
    const { claim, onPersisted } = await hold({ turn: async () => await durable.promise });
    await begin(claim, begun);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(onPersisted).not.toHaveBeenCalled();
    durable.resolve(undefined);
    await flush();
    expect(onPersisted).toHaveBeenCalledTimes(1);
  });

  it('is scheduled by a stop, at once', async () => {
    const { claim, retries, stopping, onPersisted } = await hold();
    await begin(claim, begun);
    stopping.abort(new Stopping());
    await flush();
    expect(onPersisted).toHaveBeenCalledTimes(1);
    expect(retries.rows.get(id)).toMatchObject({
      claim: 'claim 1',
      retry: { log: { begun: 1 } },
    });
  });

  it('does not begin its first attempt after a stop', async () => {
    const { claim, retries, stopping } = await hold();
    stopping.abort(new Stopping());
    expect(await claim.beginAttempt(begun)).toBe('stopped');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(retries.writes).toEqual([]);
  });

  it.each<[string, (claim: Claim) => Promise<unknown> | void]>([
    ['its end asked for the claim', async (claim) => await claim.token()],
    ['it was closed', (claim) => claim.close()],
  ])('is not scheduled any more once %s', async (_when, end) => {
    const { claim, retries, stopping } = await hold();
    await begin(claim, begun);
    await end(claim);
    await jest.advanceTimersByTimeAsync(60_000);
    stopping.abort(new Stopping());
    await flush();
    expect(retries.writes).toEqual([]);
    expect(await claim.token()).toBeNull();
  });

  it('is scheduled before its second attempt, which begins only when the row says so', async () => {
    const { claim, retries, onPersisted } = await hold();
    await begin(claim, begun);
    await begin(claim, withAttemptBegun(failedOnce, new Date()));
    expect(retries.writes).toEqual([`scheduleClaimed ${id}`, `beginAttempt ${id}`]);
    expect(retries.rows.get(id)?.retry.log.begun).toBe(2);
    expect(onPersisted).toHaveBeenCalledTimes(1);
  });

  it('is let go by scheduling it unclaimed, due after the wait', async () => {
    const { claim, retries } = await hold();
    await begin(claim, begun);
    const at = await claim.release(failedOnce, 30_000);
    expect(at).toEqual(new Date(Date.now() + 30_000));
    expect(retries.writes).toEqual([`schedule ${id}`]);
    expect(retries.rows.get(id)).toMatchObject({ claim: null, dueAtMs: Date.now() + 30_000 });
    expect(retries.rows.get(id)?.retry.log).toBe(failedOnce);
  });

  it('that is let go while it is being scheduled is let go after that', async () => {
    const durable = deferred<undefined>();
    const { claim, retries } = await hold({
      turn: async (port) => {
        if (port === 'scheduleClaimed') await durable.promise;
      },
    });
    await begin(claim, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    const released = claim.release(failedOnce, 30_000);
    await flush();
    expect(retries.writes).toEqual([`scheduleClaimed ${id}`]);
    durable.resolve(undefined);
    await released;
    expect(retries.writes).toEqual([`scheduleClaimed ${id}`, `release ${id}`]);
    expect(retries.rows.get(id)).toMatchObject({ claim: null });
    expect(retries.rows.get(id)?.retry.log).toBe(failedOnce);
  });

  it('that somebody else has scheduled before is theirs: it is acknowledged here, and no more begun', async () => {
    const { claim, retries, onPersisted } = await hold();
    await retries.schedule(aRetry({ log: failedOnce }), 60_000);
    await begin(claim, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(onPersisted).toHaveBeenCalledTimes(1);
    expect(await claim.beginAttempt({ ...begun, begun: 2 })).toBe('lost');
    expect(await claim.release(failedOnce, 0)).toBe('lost');
    expect(await claim.token()).toBeNull();
    expect(retries.rows.get(id)).toMatchObject({
      claim: null,
      retry: { log: failedOnce },
    });
  });

  it('passes a failure to schedule on to whoever needs the row, and to nobody else', async () => {
    const reason = new Stopping();
    const { claim, onPersisted } = await hold({ turn: () => Promise.reject(reason) });
    await begin(claim, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(onPersisted).not.toHaveBeenCalled();
    await expect(claim.token()).rejects.toBe(reason);
  });
});

describe('a notification from a claimed row', () => {
  it('counts its first attempt once that has run for a second, and renews its claim', async () => {
    const { claim, retries } = await hold({ fromRow: true });
    await jest.advanceTimersByTimeAsync(40_000);
    await begin(claim, begun);
    await jest.advanceTimersByTimeAsync(999);
    expect(retries.rows.get(id)?.retry.log.begun).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(retries.writes.slice(1)).toEqual([`beginAttempt ${id}`]);
    expect(retries.rows.get(id)?.retry.log.begun).toBe(1);
    await jest.advanceTimersByTimeAsync(40_000);
    expect(retries.isClaimed('sms-1')).toBe(true);
  });

  it('counts its first attempt at once when a stop comes', async () => {
    const { claim, retries, stopping } = await hold({ fromRow: true });
    await begin(claim, begun);
    stopping.abort(new Stopping());
    await flush();
    expect(retries.rows.get(id)?.retry.log.begun).toBe(1);
  });

  it('does not count a first attempt that was over within a second but for its outcome', async () => {
    const { claim, retries } = await hold({ fromRow: true });
    await begin(claim, begun);
    await claim.release(failedOnce, 30_000);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(retries.writes.slice(1)).toEqual([`release ${id}`]);
    expect(retries.rows.get(id)?.retry.log).toBe(failedOnce);
  });

  it('counts a first attempt that failed with its outcome, while it waits for a quick retry', async () => {
    const { claim, retries } = await hold({ fromRow: true });
    await begin(claim, begun);
    claim.attemptEnded(failedOnce);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(retries.rows.get(id)?.retry.log).toBe(failedOnce);
  });

  it('counts every later attempt in the row before that begins, and renews its claim', async () => {
    const { claim, retries } = await hold({ fromRow: true });
    await jest.advanceTimersByTimeAsync(40_000);
    await begin(claim, begunAgain);
    expect(retries.writes.slice(1)).toEqual([`beginAttempt ${id}`]);
    expect(retries.rows.get(id)?.retry.log.begun).toBe(2);
    await jest.advanceTimersByTimeAsync(40_000);
    expect(retries.isClaimed('sms-1')).toBe(true);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(retries.isClaimed('sms-1')).toBe(false);
  });

  it('needs no scheduling by itself, whatever time passes', async () => {
    const { claim, retries, stopping, onPersisted } = await hold({ fromRow: true });
    await begin(claim, begunAgain);
    await jest.advanceTimersByTimeAsync(60_000);
    stopping.abort(new Stopping());
    await flush();
    expect(retries.writes).toHaveLength(2);
    expect(onPersisted).not.toHaveBeenCalled();
  });

  it('is let go with what is known by now, and where it leads now', async () => {
    const { claim, retries } = await hold({ fromRow: true });
    const at = await claim.release(failedOnce, 2_000);
    expect(at).toEqual(new Date(Date.now() + 2_000));
    expect(retries.rows.get(id)).toMatchObject({
      claim: null,
      retry: { log: failedOnce },
    });
  });

  it('whose claim was lost is neither begun nor let go', async () => {
    const { claim, retries } = await hold({ fromRow: true });
    retries.stealClaim(id);
    const row = retries.rows.get(id);
    expect(await claim.beginAttempt(begunAgain)).toBe('lost');
    expect(await claim.release(failedOnce, 0)).toBe('lost');
    expect(retries.rows.get(id)).toBe(row);
  });

  it('gives its claim to its end', async () => {
    const { claim } = await hold({ fromRow: true });
    expect(await claim.token()).toBe('claim 1');
  });
});

describe('a notification that no row can hold', () => {
  it('stays in memory through all its attempts, and a stop', async () => {
    const { claim, retries, stopping, onPersisted } = await hold({ canBeScheduled: false });
    await begin(claim, begun);
    await jest.advanceTimersByTimeAsync(60_000);
    await begin(claim, begunAgain);
    stopping.abort(new Stopping());
    await flush();
    expect(await claim.token()).toBeNull();
    expect(retries.writes).toEqual([]);
    expect(onPersisted).not.toHaveBeenCalled();
  });
});
