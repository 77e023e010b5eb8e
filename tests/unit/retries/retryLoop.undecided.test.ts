import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Route, RouteLookup } from '../../../src/domain/route.ts';
import { someQueues } from '../../support/someQueues.ts';
import { runRetryLoop } from '../../../src/retries/retryLoop.ts';
import { delay, Stopping } from '../../../src/runtime/abort.ts';
import {
  aChange,
  aDocument,
  aLog,
  answered,
  aRetry,
  aReplace,
  aWebhook,
} from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { createFakeRoutes } from '../../support/fakePorts.ts';
import { createWorld, type WorldOptions } from '../../support/world.ts';
import { handleIn } from '../notify/processing.ts';

const id = 'sms-1:DELIVERED';

/** A world whose central database trips over the account until it is fixed. */
function createTroubled(options: WorldOptions = {}) {
  const answers: { route: RouteLookup } = { route: { kind: 'unknown' } };
  const routes = createFakeRoutes(() => answers.route);
  const queues = someQueues({ maxInFlight: 9, maxInFlightPerEndpoint: 9 });
  const world = createWorld({ routes, queues, ...options });
  world.database.documents.set('sms-1', aDocument());
  const redelivering = runRetryLoop(world.ctx, world.track);
  return {
    ...world,
    fix: (route: Route) => {
      answers.route = route;
    },
    handle: async (change = aChange(), ack = jest.fn()) => await handleIn(world, change, ack),
    async stop(): Promise<void> {
      world.stopping.abort(new Stopping());
      await redelivering;
      await Promise.all(world.tracked);
    },
  };
}

const open: Route = { kind: 'open', webhook: aWebhook() };
const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a notification whose route can’t be looked up while others can', () => {
  it('waits in durable state, without an attempt and without a record', async () => {
    const world = createTroubled();
    const ack = jest.fn();
    expect(await world.handle(aChange(), ack)).toBe(true);
    expect(ack).toHaveBeenCalledTimes(1);
    expect(world.retries.rows.get(id)).toMatchObject({
      claim: null,
      dueAtMs: Date.now() + 10_000,
      retry: {
        webhook: null,
        log: { begun: 0 },
        undecided: { isStale: false, lookUps: 0 },
      },
    });
    expect(world.database.endings).toEqual([]);
    expect(world.ctx.active.size).toBe(0);
    await world.stop();
  });

  it('is looked up again after 10 s, and then half as often each time, down to every 10 minutes', async () => {
    const world = createTroubled();
    await world.handle();
    const times: number[] = [];
    const startedAt = Date.now();
    while (times.length < 8) {
      const before = world.routes.asked.length;
      await pass(1_000);
      if (world.routes.asked.length > before)
        times.push(Math.round((Date.now() - startedAt) / 1_000));
    }
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 0));
    for (const [index, least] of [10, 20, 40, 80, 160, 320, 600, 600].entries()) {
      expect(gaps[index]).toBeGreaterThanOrEqual(least - 1);
    }
    expect(world.retries.rows.get(id)).toMatchObject({
      retry: { undecided: { lookUps: 8 } },
    });
    await world.stop();
  });

  it('is called when the trouble is over, with the bytes of the first moment', async () => {
    const world = createTroubled();
    await world.handle();
    const body = world.retries.rows.get(id)?.retry.body;
    world.fix(open);
    await pass(12_000);
    expect(world.sender.sent).toMatchObject([{ notificationId: id, number: 1 }]);
    expect(world.sender.sent[0]?.body).toBe(body);
    expect(world.database.ended(id)?.record).toMatchObject({ state: 'delivered', webhookId: 7 });
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it.each<[string, Route, string, string]>([
    [
      'has no webhook',
      { kind: 'missing', reason: 'no_default_webhook' },
      'skipped',
      'no_default_webhook',
    ],
    [
      'has it off in the flow',
      { kind: 'missing', reason: 'flow_webhook_disabled' },
      'skipped',
      'flow_webhook_disabled',
    ],
    [
      'has one that can’t be used',
      { kind: 'unusable', webhookId: 7, displayUrl: null, problem: 'no host' },
      'failed',
      'invalid_webhook',
    ],
  ])(
    'is decided then as it would have been: the account %s',
    async (_what, route, state, reason) => {
      const world = createTroubled();
      await world.handle();
      world.fix(route);
      await pass(32_000);
      expect(world.sender.sent).toEqual([]);
      expect(world.database.ended(id)?.record).toMatchObject({ state, reason });
      expect(world.retries.rows.size).toBe(0);
      await world.stop();
    },
  );

  it('leaves no trace when it turns out that the account never asked', async () => {
    const world = createTroubled();
    await world.handle();
    world.fix({ kind: 'notOptedIn' });
    await pass(32_000);
    expect(world.retries.rows.size).toBe(0);
    expect(world.database.ended(id)).toBeUndefined();
    expect(world.metrics.reported).toEqual([['notNotified', 'not_opted_in']]);
    await world.stop();
  });

  it('is stale when it was when it came, whatever the route', async () => {
    const world = createTroubled();
    await world.handle(aReplace({ deliveryTime: new Date('2001-01-01T00:00:00Z') }));
    world.fix(open);
    await pass(32_000);
    expect(world.database.ended(id)?.record).toMatchObject({ state: 'skipped', reason: 'stale' });
    expect(world.sender.sent).toEqual([]);
    await world.stop();
  });

  it('has expired when nobody could tell in time', async () => {
    const world = createTroubled({ giveUpAfterMs: 60_000 });
    await world.handle();
    await pass(120_000);
    const record = world.database.ended(id)?.record;
    expect(record).toMatchObject({ state: 'failed', reason: 'expired', attempts: 0 });
    expect(record).not.toHaveProperty('webhookId');
    await world.stop();
  });

  it('holds the checkpoint when no row can hold it, and is asked for all the same', async () => {
    const world = createTroubled();
    const ack = jest.fn();
    const handled = world.handle(aReplace({ text: 'x'.repeat(2_000) }), ack);
    await pass(31_000);
    expect(ack).not.toHaveBeenCalled();
    expect(world.retries.rows.size).toBe(0);
    world.fix(open);
    await pass(31_000);
    await handled;
    expect(ack).toHaveBeenCalledTimes(1);
    expect(world.database.ended(id)?.record).toMatchObject({ state: 'delivered' });
    await world.stop();
  });

  it('keeps no duplicate waiting when a stop comes before its end is written', async () => {
    const stopped = new Stopping();
    const database = createFakeDatabase().seenBy(async (port) => {
      if (port === 'end') return await Promise.reject(stopped);
    });
    const slowly = async (): Promise<void> => await delay(11_000, new AbortController().signal);
    const routes = createFakeRoutes(() => ({ kind: 'unknown' }), slowly);
    const world = createTroubled({ giveUpAfterMs: 10_000, database, routes });
    const large = aReplace({ text: 'x'.repeat(2_000) });
    const handled = [world.handle(large), world.handle(large)].map(async (each) => {
      return await each.catch((error: unknown) => error);
    });
    await pass(60_000);
    expect(await Promise.all(handled)).toEqual([stopped, stopped]);
    await world.stop();
  });
});

describe('a row that was called before, and whose route can’t be looked up now', () => {
  it('waits with its attempts, and where it led, and is called when it can', async () => {
    const world = createTroubled();
    await world.retries.schedule(aRetry({ log: aLog(answered(503)) }), 0);
    await pass(1_000);
    expect(world.retries.rows.get(id)).toMatchObject({
      claim: null,
      retry: { webhook: { webhookId: 7 }, undecided: null, log: { begun: 1 } },
    });
    world.fix(open);
    await pass(62_000);
    expect(world.database.ended(id)?.record).toMatchObject({ state: 'delivered', attempts: 2 });
    await world.stop();
  });
});
