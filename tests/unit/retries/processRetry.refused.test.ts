import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { RouteLookup } from '../../../src/domain/route.ts';
import { Refused } from '../../support/fakeRetries.ts';
import { aLog, answered, aRetry, aWebhook } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { createFakeRoutes, createFakeSender } from '../../support/fakePorts.ts';
import type { WorldOptions } from '../../support/world.ts';
import { redeliverIn } from './retrying.ts';

const id = 'sms-1:DELIVERED';

/** One row waits, and is refused one call. */
async function redeliver(refused: string, options: WorldOptions = {}) {
  const database = createFakeDatabase(async (port) => {
    if (port === refused) throw await Promise.resolve(new Refused());
  });
  const world = redeliverIn({ database, ...options });
  await world.retries.schedule(aRetry({ log: aLog(answered(503)) }), 0);
  return {
    ...world,
    /** Any bug, such as an error that nobody expects, would have ended the worker. */
    async stop(): Promise<void> {
      await world.stop();
      for (const task of world.tracked) await task;
    },
  };
}

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a row of which durable state refuses a call for good', () => {
  it('is called all the same when its attempt can’t be counted', async () => {
    const world = await redeliver('beginAttempt');
    await pass(1_000);
    expect(world.sender.sent).toMatchObject([{ number: 2 }]);
    expect(world.database.ended(id)?.record).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it('has had its attempts when it can’t be released after one', async () => {
    const sender = createFakeSender(() => answered(503));
    const world = await redeliver('release', { sender, retryScheduleMs: [1_000, 1_000, 1_000] });
    await pass(1_000);
    expect(world.sender.sent).toHaveLength(1);
    expect(world.database.ended(id)?.record).toMatchObject({
      ...{ state: 'failed', reason: 'attempts_exhausted', attempts: 2 },
    });
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it('has its claim run out when it can’t wait for its route', async () => {
    const answers: { route: RouteLookup } = { route: { kind: 'unknown' } };
    const routes = createFakeRoutes(() => answers.route);
    const world = await redeliver('release', { routes });
    await pass(1_000);
    expect(world.ctx.claims.size).toBe(0);
    expect(world.ctx.active.size).toBe(0);
    answers.route = { kind: 'open', webhook: aWebhook() };
    await pass(60_000);
    expect(world.database.ended(id)?.record).toMatchObject({ state: 'delivered' });
    await world.stop();
  });

  it('is released when nobody can tell whether it was notified', async () => {
    const world = await redeliver('recheck');
    await pass(1_000);
    expect(world.sender.sent).toEqual([]);
    expect(world.retries.rows.get(id)).toMatchObject({ claim: null });
    expect(world.retries.rows.get(id)?.dueAtMs).toBeGreaterThan(Date.now() + 500_000);
    await world.stop();
  });
});
