import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aRetry } from '../../support/builders.ts';
import { deferred } from '../../support/fakePorts.ts';
import { begin, begun, failedOnce, flush, hold, id } from './claiming.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a notification in memory', () => {
  it('takes the place of a row that was recorded beside its call, and that knows of no attempt', async () => {
    const { claim, retries, onPersisted } = await hold();
    await retries.schedule(aRetry(), 0);
    await begin(claim, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(onPersisted).toHaveBeenCalledTimes(1);
    expect(retries.rows.get(id)).toMatchObject({
      claim: 'claim 1',
      retry: { log: { begun: 1 } },
    });
  });

  it('released before it was scheduled is not given up for such a row: what was answered counts', async () => {
    const { claim, retries } = await hold();
    await retries.schedule(aRetry(), 0);
    await begin(claim, begun);
    const at = await claim.release(failedOnce, 3_600_000);
    expect(at).toEqual(new Date(Date.now() + 3_600_000));
    expect(retries.rows.get(id)).toMatchObject({
      claim: null,
      retry: { log: failedOnce },
    });
  });

  it('has its claim renewed from when it has one to when it is out of these hands', async () => {
    const { claim, claims } = await hold();
    await begin(claim, begun);
    await flush();
    expect([...claims]).toEqual([]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect([...claims]).toEqual([[id, 'claim 1']]);
    await claim.token();
    expect([...claims]).toEqual([[id, 'claim 1']]);
    claim.close();
    expect([...claims]).toEqual([]);
  });

  it('that is out of these hands before its row is durable has no claim that is renewed', async () => {
    const durable = deferred<undefined>();
    const { claim, claims } = await hold({ turn: async () => await durable.promise });
    await begin(claim, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    claim.close();
    durable.resolve(undefined);
    await flush();
    expect([...claims]).toEqual([]);
  });

  it('is neither scheduled nor counted by a stop that comes before its attempt runs', async () => {
    const { claim, retries, stopping } = await hold();
    await claim.beginAttempt(begun);
    stopping.abort(new Stopping());
    await jest.advanceTimersByTimeAsync(60_000);
    expect(retries.writes).toEqual([]);
  });
});
