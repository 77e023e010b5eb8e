import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Route, Webhook } from '../../../src/domain/route.ts';
import { runRetryLoop } from '../../../src/retries/retryLoop.ts';
import { watchBlockedRetries } from '../../../src/retries/blockedRetries.ts';
import { someQueues } from '../../support/someQueues.ts';
import {
  aCalled,
  aFailure,
  aLog,
  answered,
  aRetry,
  aSubject,
  aWebhook,
} from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { createFakeRoutes, createFakeSender } from '../../support/fakePorts.ts';
import { createWorld, type WorldOptions } from '../../support/world.ts';
import { stopOf } from './retrying.ts';

const old = aWebhook();
const cooldownMs = 3_600_000;

/** A world in which the breaker of the endpoint has just opened, for an hour. */
function createBlocked(options: WorldOptions = {}) {
  const leads = { to: old };
  const queues = someQueues({
    maxInFlight: 99,
    maxInFlightPerEndpoint: 9,
    breaker: { threshold: 0.7, cooldownMs },
  });
  for (let attempts = 0; attempts < 10; attempts += 1)
    queues.ended(aCalled(old.endpointKey), aFailure);
  const routes = createFakeRoutes((): Route => ({ kind: 'open', webhook: leads.to }));
  const world = createWorld({ queues, routes, ...options });
  const done = Promise.all([
    runRetryLoop(world.ctx, world.track),
    watchBlockedRetries(world.ctx, world.track),
  ]);
  return {
    ...world,
    leadTo(webhook: Webhook): void {
      leads.to = webhook;
    },
    async scheduleOne(count: number, acceptedAt = new Date()): Promise<void> {
      for (let index = 0; index < count; index += 1) {
        const subject = aSubject({ smsKey: `sms-${index}` });
        await world.retries.schedule(aRetry({ subject, acceptedAt, log: aLog(answered(503)) }), 0);
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

describe('what waits behind an open breaker', () => {
  it('is left alone, without an attempt, however long it is due', async () => {
    const world = createBlocked();
    await world.scheduleOne(20);
    await pass(600_000);
    expect(world.sender.sent).toEqual([]);
    expect([...world.retries.rows.values()].every(({ claim }) => claim === null)).toBe(true);
    await world.stop();
  });

  it('expires when it could not be called in time, without a call', async () => {
    const world = createBlocked({ giveUpAfterMs: 60_000 });
    await world.scheduleOne(250);
    await pass(59_000);
    expect(world.retries.rows.size).toBe(250);
    await pass(10_000);
    expect(world.retries.rows.size).toBe(0);
    expect(world.sender.sent).toEqual([]);
    expect(world.database.ended('sms-249:DELIVERED')?.record).toMatchObject({
      state: 'failed',
      reason: 'expired',
      attempts: 1,
    });
    await world.stop();
  });

  it('is all called at the new URL when the webhook is changed', async () => {
    const world = createBlocked();
    await world.scheduleOne(500);
    await pass(10_000);
    const moved = aWebhook({ endpointKey: 'endpoint-7-moved' });
    world.leadTo(moved);
    await pass(60_000);
    expect(world.sender.sent).toHaveLength(500);
    expect(new Set(world.sender.sent.map(({ webhook }) => webhook))).toEqual(new Set([moved]));
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it('has its routes looked up no more often than answers are remembered', async () => {
    const world = createBlocked();
    await world.scheduleOne(1);
    await pass(120_000);
    expect(world.routes.asked.length).toBeLessThanOrEqual(4);
    expect(world.routes.asked.length).toBeGreaterThanOrEqual(3);
    await world.stop();
  });

  it('is called after the cooldown: one first, then more and more', async () => {
    const sender = createFakeSender();
    const world = createBlocked({ sender });
    await world.scheduleOne(30);
    await pass(cooldownMs + 10_000);
    expect(sender.sent).toHaveLength(30);
    await world.stop();
  });

  it('is seen to again after the database has not answered', async () => {
    const failures = [new Error('no primary'), new Error('no primary')];
    const database = createFakeDatabase(async (port) => {
      const failure = port === 'claimAcceptedBefore' ? failures.pop() : undefined;
      if (failure !== undefined) throw await Promise.resolve(failure);
    });
    const world = createBlocked({ database, giveUpAfterMs: 1_000 });
    await world.scheduleOne(1);
    await pass(30_000);
    expect(world.retries.rows.size).toBe(0);
    expect(world.logger.of('database_retry')).toHaveLength(2);
    await world.stop();
  });
});
