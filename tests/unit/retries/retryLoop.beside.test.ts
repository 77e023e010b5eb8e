import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import type { Route } from '../../../src/domain/route.ts';
import { aChange, aDocument, answered, aRetry, aWebhook } from '../../support/builders.ts';
import { createFakeRoutes, createFakeSender, deferred } from '../../support/fakePorts.ts';
import { flush, numbersSent } from '../notify/delivering.ts';
import { handleIn } from '../notify/processing.ts';
import { redeliverIn } from './retrying.ts';

const id = 'sms-1:DELIVERED';
const open: Route = { kind: 'open', webhook: aWebhook() };
/** As `backfill` puts it down. */
const beside = aRetry();

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A status from the stream, called with the answer that a test gives, and the loop over durable state beside it. */
function begin(route: Route | Promise<Route> = open) {
  const answer = deferred<AttemptOutcome>();
  const world = redeliverIn({
    routes: createFakeRoutes(() => route),
    sender: createFakeSender(() => answer.promise),
    retryScheduleMs: [30_000],
  });
  world.database.documents.set('sms-1', aDocument());
  return { ...world, answer, handled: handleIn(world, aChange()) };
}

describe('a row recorded beside the call for the same notification', () => {
  it.each([
    ['a second before its answer', 5_000],
    ['right before its answer', 100],
  ])('leads to no call of its own: %s', async (_when, callMs) => {
    const world = begin();
    await flush();
    await world.retries.schedule(beside, 0);
    await jest.advanceTimersByTimeAsync(callMs);
    world.answer.resolve(answered(200));
    await world.handled;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(numbersSent(world)).toEqual([1]);
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it.each([5_000, 100])(
    'does not bring the retry forward: answered after %i ms',
    async (callMs) => {
      const world = begin();
      await flush();
      await world.retries.schedule(beside, 0);
      await jest.advanceTimersByTimeAsync(callMs);
      world.answer.resolve(answered(503, { retryAfter: '3600' }));
      await world.handled;
      await jest.advanceTimersByTimeAsync(1_800_000);
      expect(numbersSent(world)).toEqual([1]);
      expect(world.retries.rows.get(id)).toMatchObject({
        claim: null,
        retry: { log: { begun: 1 } },
      });
      await world.stop();
    },
  );

  it('is not served while it is found out whether there is a call to make', async () => {
    const route = deferred<Route>();
    const world = begin(route.promise);
    await flush();
    await world.retries.schedule(beside, 0);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(world.retries.rows.get(id)?.claim).toBeNull();
    route.resolve(open);
    await flush();
    world.answer.resolve(answered(200));
    await world.handled;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(numbersSent(world)).toEqual([1]);
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });
});
