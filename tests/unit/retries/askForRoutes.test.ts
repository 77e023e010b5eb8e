import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Route } from '../../../src/domain/route.ts';
import { askForRoutes } from '../../../src/retries/askForRoutes.ts';
import { runRetryLoop } from '../../../src/retries/retryLoop.ts';
import { NO_ENDPOINT } from '../../../src/ports/retries.ts';
import { someQueues } from '../../support/someQueues.ts';
import { aLog, answered, aRetry, aSubject, aWebhook } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { createFakeRoutes } from '../../support/fakePorts.ts';
import { createWorld, type WorldOptions } from '../../support/world.ts';
import { stopOf } from './retrying.ts';

const HOUR_MS = 3_600_000;
const open: Route = { kind: 'open', webhook: aWebhook() };

/** A world in which rows wait for their routes, for an hour each unless somebody asks before. */
function createWaiting(options: WorldOptions = {}) {
  const answers = new Map<number | string, Route>();
  const asked: (number | string)[] = [];
  const routes = createFakeRoutes(({ accountId }) => {
    asked.push(accountId);
    return answers.get(accountId) ?? { kind: 'unknown' };
  });
  const queues = someQueues({ maxInFlight: 9, maxInFlightPerEndpoint: 9 });
  const world = createWorld({ routes, queues, ...options });
  const done = Promise.all([runRetryLoop(world.ctx, world.track), askForRoutes(world.ctx)]);
  return {
    ...world,
    answers,
    asked,
    async wait(count: number, accountId = 28, isStale = false): Promise<void> {
      for (let index = 0; index < count; index += 1) {
        const subject = aSubject({ smsKey: `${accountId}-${index}` });
        const undecided = { isStale, lookUps: 9 };
        const retry = aRetry({ subject, accountId, webhook: null, undecided });
        await world.retries.schedule(retry, HOUR_MS);
      }
    },
    stop: stopOf(world, done),
  };
}

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('rows that wait for a route', () => {
  it('are all called soon after it is known, however long each was still to wait', async () => {
    const world = createWaiting();
    await world.wait(50);
    await pass(20_000);
    expect(world.sender.sent).toEqual([]);
    world.answers.set(28, open);
    await pass(5_000);
    expect(world.sender.sent).toHaveLength(50);
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it('are asked for once together, and those of others too while one can’t be', async () => {
    const world = createWaiting();
    await world.wait(1, 1);
    await world.wait(50, 2);
    world.answers.set(2, open);
    await pass(10_000);
    expect(world.sender.sent).toHaveLength(50);
    expect(world.asked.filter((account) => account === 1).length).toBeGreaterThan(5);
    expect([...world.retries.rows.keys()]).toEqual(['1-0:DELIVERED']);
    await world.stop();
  });

  it.each<[string, Route, string, string]>([
    [
      'no webhook',
      { kind: 'missing', reason: 'no_default_webhook' },
      'skipped',
      'no_default_webhook',
    ],
    [
      'one that can’t be used',
      { kind: 'unusable', webhookId: 7, displayUrl: null, problem: 'no host' },
      'failed',
      'invalid_webhook',
    ],
  ])('end as they would have at first when there is %s', async (_what, route, state, reason) => {
    const world = createWaiting();
    await world.wait(3);
    world.answers.set(28, route);
    await pass(5_000);
    expect(world.database.ended('28-2:DELIVERED')?.record).toMatchObject({ state, reason });
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it('are skipped as stale when they were so at first', async () => {
    const world = createWaiting();
    await world.wait(1, 28, true);
    world.answers.set(28, open);
    await pass(5_000);
    const record = world.database.ended('28-0:DELIVERED')?.record;
    expect(record).toMatchObject({ state: 'skipped', reason: 'stale' });
    expect(world.sender.sent).toEqual([]);
    await world.stop();
  });

  it('may have been called before: their attempts count on', async () => {
    const world = createWaiting();
    await world.retries.schedule(aRetry({ log: aLog(answered(503)) }), 0);
    await pass(2_000);
    const [row] = world.retries.rows.values();
    expect(row).toMatchObject({
      retry: { webhook: { webhookId: 7, endpointKey: NO_ENDPOINT }, undecided: null },
    });
    world.answers.set(28, open);
    await pass(5_000);
    expect(world.sender.sent).toMatchObject([{ number: 2 }]);
    await world.stop();
  });

  it('are none that wait for the time of their next attempt', async () => {
    const world = createWaiting();
    world.answers.set(28, open);
    await world.retries.schedule(aRetry({ log: aLog(answered(503)) }), HOUR_MS);
    await pass(60_000);
    expect(world.asked).toEqual([]);
    expect(world.sender.sent).toEqual([]);
    await world.stop();
  });

  it('are asked for again after the database has not answered', async () => {
    const failures = ['awaitedRoutes', 'endWaitForRoute'];
    const database = createFakeDatabase(async (port) => {
      if (failures[0] === port) throw await Promise.resolve(new Error(`no ${failures.shift()}`));
    });
    const world = createWaiting({ database });
    await world.wait(1);
    world.answers.set(28, open);
    await pass(10_000);
    expect(world.sender.sent).toHaveLength(1);
    expect(world.logger.of('database_retry')).toHaveLength(2);
    await world.stop();
  });
});
