import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aParked } from '../../support/builders.ts';
import { deferred } from '../../support/fakePorts.ts';
import { begin, begun, failedOnce, flush, hold, id } from './holding.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a notification in memory', () => {
  it('takes the place of a row that was put down beside its call, and that knows of no attempt', async () => {
    const { custody, retries, onParked } = await hold();
    await retries.park(aParked(), 0);
    await begin(custody, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(onParked).toHaveBeenCalledTimes(1);
    expect(retries.rows.get(id)).toMatchObject({ claim: 'claim 1', parked: { log: { begun: 1 } } });
  });

  it('let go of before it was parked is not given up for such a row: what was answered counts', async () => {
    const { custody, retries } = await hold();
    await retries.park(aParked(), 0);
    await begin(custody, begun);
    const at = await custody.release(failedOnce, 3_600_000);
    expect(at).toEqual(new Date(Date.now() + 3_600_000));
    expect(retries.rows.get(id)).toMatchObject({ claim: null, parked: { log: failedOnce } });
  });

  it('has its claim renewed from when it has one to when it is out of these hands', async () => {
    const { custody, claims } = await hold();
    await begin(custody, begun);
    await flush();
    expect([...claims]).toEqual([]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect([...claims]).toEqual([[id, 'claim 1']]);
    await custody.claim();
    expect([...claims]).toEqual([[id, 'claim 1']]);
    custody.close();
    expect([...claims]).toEqual([]);
  });

  it('that is out of these hands before its row is durable has no claim that is renewed', async () => {
    const durable = deferred<undefined>();
    const { custody, claims } = await hold({ turn: async () => await durable.promise });
    await begin(custody, begun);
    await jest.advanceTimersByTimeAsync(1_000);
    custody.close();
    durable.resolve(undefined);
    await flush();
    expect([...claims]).toEqual([]);
  });

  it('is neither parked nor counted by a stop that comes before its attempt runs', async () => {
    const { custody, retries, stopping } = await hold();
    await custody.beginAttempt(begun);
    stopping.abort(new Stopping());
    await jest.advanceTimersByTimeAsync(60_000);
    expect(retries.writes).toEqual([]);
  });
});
