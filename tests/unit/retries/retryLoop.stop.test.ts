import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import type { Route } from '../../../src/domain/route.ts';
import { runRetryLoop } from '../../../src/retries/retryLoop.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aLog, answered, aRetry } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { createFakeRoutes, createFakeSender, deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld } from '../../support/world.ts';
import { flush } from '../notify/delivering.ts';

const id = 'sms-1:DELIVERED';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a stop of the loop over durable state', () => {
  it('ends it at once, and what comes due later is left alone', async () => {
    const world = createWorld();
    const done = runRetryLoop(world.ctx, world.track);
    await flush();
    world.stopping.abort(new Stopping());
    await done;
    await world.retries.schedule(aRetry(), 0);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(world.sender.sent).toEqual([]);
  });

  it('lets a running call come to its end, though the loop is over', async () => {
    const answer = deferred<AttemptOutcome>();
    const world = createWorld({ sender: createFakeSender(() => answer.promise) });
    await world.retries.schedule(aRetry(), 0);
    const done = runRetryLoop(world.ctx, world.track);
    await flush();
    world.stopping.abort(new Stopping());
    await done;
    const seen = watch(Promise.all(world.tracked));
    await flush();
    expect(seen.isSettled).toBe(false);
    answer.resolve(answered(200));
    await Promise.all(world.tracked);
    expect(world.database.ended(id)?.record?.state).toBe('delivered');
    expect(world.retries.rows.size).toBe(0);
  });

  it('leaves the next retry of a running call that fails to a successor', async () => {
    const answer = deferred<AttemptOutcome>();
    const sender = createFakeSender(() => answer.promise);
    const world = createWorld({ sender, retryScheduleMs: [0, 30_000] });
    await world.retries.schedule(aRetry({ log: aLog(answered(500)) }), 0);
    const done = runRetryLoop(world.ctx, world.track);
    await flush();
    world.stopping.abort(new Stopping());
    answer.resolve(answered(500));
    await Promise.all([done, ...world.tracked]);
    expect(world.retries.rows.get(id)).toMatchObject({
      claim: null,
      dueAtMs: Date.now() + 33_000,
      retry: { log: { begun: 2 } },
    });
  });

  it.each([
    ['waits for its route', 'route'],
    ['is just being claimed', 'claimDue done'],
    ['is just being looked at', 'recheck'],
  ])('lets go of what %s, due at once, with no attempt used', async (_what, where) => {
    const held = deferred<undefined>();
    const turn = async (port: string): Promise<void> => {
      if (port === where) await held.promise;
    };
    const route = where === 'route' ? deferred<Route>().promise : { kind: 'notOptedIn' as const };
    const routes = createFakeRoutes(() => route);
    const world = createWorld({ routes, database: createFakeDatabase(turn) });
    await world.retries.schedule(aRetry(), 0);
    const done = runRetryLoop(world.ctx, world.track);
    await flush();
    world.stopping.abort(new Stopping());
    held.resolve(undefined);
    await done;
    await Promise.all(world.tracked);
    expect(world.retries.rows.get(id)).toMatchObject({
      claim: null,
      dueAtMs: Date.now(),
      retry: { log: { begun: 0 } },
    });
    expect(world.database.endings).toEqual([]);
    expect(world.sender.sent).toEqual([]);
  });

  it('whose time is up while a write is tried again leaves the row to its claim', async () => {
    const reason = new Stopping();
    const stopped = deferred<undefined>();
    const database = createFakeDatabase(async (port) => {
      if (port === 'recheck') await stopped.promise;
    });
    const world = createWorld({ database });
    await world.retries.schedule(aRetry(), 0);
    const done = runRetryLoop(world.ctx, world.track);
    await flush();
    world.stopping.abort(reason);
    stopped.reject(reason);
    await done;
    await Promise.all(world.tracked);
    expect(world.retries.rows.get(id)?.claim).not.toBeNull();
    expect(world.ctx.active.size).toBe(0);
  });
});

describe('a bug', () => {
  it('is passed on to whoever watches over the notification', async () => {
    const bug = new TypeError('undefined is not a function');
    const sender = createFakeSender(() => {
      throw bug;
    });
    const world = createWorld({ sender });
    await world.retries.schedule(aRetry(), 0);
    const done = runRetryLoop(world.ctx, world.track);
    await flush();
    await expect(Promise.all(world.tracked)).rejects.toBe(bug);
    world.stopping.abort(new Stopping());
    await done;
  });
});
