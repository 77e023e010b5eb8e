import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Attempt, AttemptOutcome } from '../../../src/domain/attempt.ts';
import { answered, aNotification, aRetry, unanswered } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { deferred } from '../../support/fakePorts.ts';
import { createReceiving, deliverIn, deliverToEnd, flush, numbersSent } from './delivering.ts';
import { given } from '../endpoints/inSlot.ts';
import { newClaim } from '../../support/someRetries.ts';

const now = Date.parse('2023-10-19T06:01:00.000Z');
const id = 'sms-1:DELIVERED';
const notification = aNotification();

beforeEach(() => {
  jest.useFakeTimers({ now });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('deliver', () => {
  it('records the answer of a webhook that takes the first call', async () => {
    const world = createReceiving([answered(204, { response: null })]);
    await deliverIn(world, { notification });
    const record = { state: 'delivered', attempts: 1, statusCode: 204 };
    expect(world.database.endings).toMatchObject([{ record, remember: true, claim: null }]);
    const { webhook, body, notificationId } = notification;
    expect(world.sender.sent).toEqual([{ webhook, body, notificationId, number: 1 }]);
  });

  it('puts nothing into durable state for a call that is answered within a second', async () => {
    const world = createReceiving();
    await deliverToEnd(world);
    expect(world.retries.writes).toEqual([]);
  });

  it('calls again until the webhook answers with a 2xx', async () => {
    const world = createReceiving([answered(503), unanswered('timeout'), answered(200)]);
    expect(await deliverToEnd(world)).toMatchObject({
      state: 'delivered',
      attempts: 3,
      statusCode: 200,
      history: [{ statusCode: 503 }, { statusCode: null, error: 'timeout' }],
    });
    expect(numbersSent(world)).toEqual([1, 2, 3]);
  });

  it('sends the same bytes every time', async () => {
    const world = createReceiving([answered(500)]);
    await deliverToEnd(world, { notification });
    expect(world.sender.sent).toHaveLength(3);
    for (const { body } of world.sender.sent) expect(body).toBe(notification.body);
  });

  it('fails when its attempts are used up, and makes no other', async () => {
    const world = createReceiving([answered(500)]);
    expect(await deliverToEnd(world)).toMatchObject({
      state: 'failed',
      reason: 'attempts_exhausted',
      attempts: 3,
      statusCode: 500,
    });
    expect(world.sender.sent).toHaveLength(3);
    expect(world.retries.rows.size).toBe(0);
  });

  it('makes one attempt when there are no retries', async () => {
    const world = createReceiving([answered(500)], { quickRetriesMs: [] });
    expect(await deliverToEnd(world)).toMatchObject({ state: 'failed', attempts: 1 });
    expect(world.sender.sent).toHaveLength(1);
  });

  it('waits before each retry as long as its policy says, stretched by chance', async () => {
    const world = createReceiving([answered(500)]);
    const ended = deliverIn(world);
    await jest.advanceTimersByTimeAsync(1_099);
    expect(world.sender.sent).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(world.sender.sent).toHaveLength(2);
    await jest.advanceTimersByTimeAsync(4_399);
    expect(world.sender.sent).toHaveLength(2);
    await jest.advanceTimersByTimeAsync(1);
    expect(world.sender.sent).toHaveLength(3);
    await ended;
  });

  it('holds a slot while it calls, none while it waits', async () => {
    const first = deferred<AttemptOutcome>();
    const world = createReceiving([first.promise, answered(200)]);
    const ended = deliverIn(world);
    await flush();
    expect(world.queues.free).toBe(1);
    first.resolve(answered(500));
    await flush();
    expect(world.queues.free).toBe(2);
    await jest.runAllTimersAsync();
    await ended;
    expect(world.queues.free).toBe(2);
  });

  it('holds its slot until the answer is durable: no more is lost to a crash than was in flight', async () => {
    const durable = deferred<undefined>();
    const world = createReceiving();
    const recorder = { ...world.ctx.recorder, end: async () => await durable.promise };
    const ended = deliverIn({ ...world, ctx: { ...world.ctx, recorder } });
    await flush();
    expect(world.sender.sent).toHaveLength(1);
    expect(world.queues.free).toBe(1);
    durable.resolve(undefined);
    await ended;
    expect(world.queues.free).toBe(2);
  });

  it('queues in the queue of its endpoint', async () => {
    const { queues, ctx, ...world } = createReceiving();
    const key = notification.webhook.endpointKey;
    const busy = await given(queues.take(key, 'fresh', ctx.term.stopping));
    const ended = deliverIn({ ...world, queues, ctx }, { notification });
    await flush();
    expect(world.sender.sent).toHaveLength(0);
    busy.release();
    await ended;
    expect(world.database.ended(id)?.record?.state).toBe('delivered');
  });

  it("passes a bug of the sender's on at once, and gives the slot back", async () => {
    const world = createReceiving();
    const bug = new TypeError('undefined is not a function');
    const calls: Attempt[] = [];
    const broken = {
      async send(attempt: Attempt): Promise<AttemptOutcome> {
        calls.push(attempt);
        throw await Promise.resolve(bug);
      },
    };
    const ctx = { ...world.ctx, sender: broken };
    await expect(deliverIn({ ...world, ctx })).rejects.toBe(bug);
    expect(calls).toHaveLength(1);
    expect(world.queues.free).toBe(2);
    expect(world.sender.sent).toHaveLength(0);
    expect(world.database.endings).toEqual([]);
  });
});

describe('a retry that is not made at once', () => {
  const durable = { quickRetriesMs: [1_000], retryScheduleMs: [30_000] };

  it('waits in durable state with all that is known so far, and the record says until when', async () => {
    const world = createReceiving([answered(503), answered(429)], durable);
    const record = await deliverToEnd(world, { notification });
    expect(numbersSent(world)).toEqual([1, 2]);
    const row = world.retries.rows.get(id);
    const dueAtMs = now + 1_100 + 33_000;
    expect(row).toMatchObject({ claim: null, dueAtMs });
    expect(row?.retry.log).toMatchObject({ begun: 2, last: { statusCode: 429 } });
    expect(row?.retry.body).toBe(notification.body);
    expect(record).toMatchObject({
      state: 'retrying',
      attempts: 2,
      statusCode: 429,
      nextAttemptAt: new Date(dueAtMs),
      history: [{ statusCode: 503 }],
    });
    expect(world.database.ended(id)).toBeUndefined();
    expect(world.database.endings).toMatchObject([{ remember: false, claim: null }]);
    expect(world.metrics.reported.map(([method]) => method)).not.toContain('notificationEnded');
  });

  it('is also one that the receiver wants later than its quick entry', async () => {
    const world = createReceiving([answered(429, { retryAfter: '60' })], durable);
    expect(await deliverToEnd(world)).toMatchObject({ state: 'retrying', attempts: 1 });
    expect(numbersSent(world)).toEqual([1]);
    expect(world.retries.rows.get(id)).toMatchObject({ claim: null, dueAtMs: now + 66_000 });
  });

  it('is not waited for when it would come too late: it has expired', async () => {
    const acceptedAt = new Date(now - 10_000);
    const world = createReceiving([answered(500)], { ...durable, giveUpAfterMs: 44_099 });
    expect(await deliverToEnd(world, { acceptedAt })).toMatchObject({
      state: 'failed',
      reason: 'expired',
      attempts: 2,
      statusCode: 500,
    });
    expect(world.retries.rows.size).toBe(0);
    expect(world.logger.of('attempt').at(-1)?.fields).toMatchObject({
      next: 'failed',
      nextAttemptAt: null,
    });
  });

  it('is waited for when it comes just in time', async () => {
    const acceptedAt = new Date(now - 10_000);
    const world = createReceiving([answered(500)], { ...durable, giveUpAfterMs: 44_100 });
    expect(await deliverToEnd(world, { acceptedAt })).toMatchObject({ state: 'retrying' });
  });
});

describe('an endpoint', () => {
  it.each<[string, AttemptOutcome, object, string]>([
    ['that is gone', answered(410), { state: 'failed', reason: 'endpoint_gone' }, 'endpoint_gone'],
    [
      'that wants no more',
      answered(500, { deliveryControl: 'disable' }),
      { state: 'failed', reason: 'endpoint_disabled' },
      'endpoint_disabled',
    ],
    [
      'that takes this one and wants no more',
      answered(200, { deliveryControl: 'disable' }),
      { state: 'delivered' },
      'endpoint_disabled',
    ],
  ])(
    '%s is disabled once that is remembered, durably before it is shown',
    async (_what, outcome, end, why) => {
      const shown = jest.fn();
      const database = createFakeDatabase(async (port) => {
        if (port === 'end shown') await Promise.resolve(shown());
      });
      const world = createReceiving([outcome], { database });
      const { endpointKey } = notification.webhook;
      const durable = deferred<undefined>();
      const endpoints = {
        ...world.endpoints,
        async disable(...notified: Parameters<typeof world.endpoints.disable>): Promise<void> {
          expect(database.ended(id)).toBeDefined();
          await durable.promise;
          await world.endpoints.disable(...notified);
        },
      };
      const ended = deliverIn({ ...world, ctx: { ...world.ctx, endpoints } });
      await flush();
      expect(world.endpoints.isDisabled(endpointKey)).toBe(true);
      expect(shown).not.toHaveBeenCalled();
      durable.resolve(undefined);
      await ended;
      expect(shown).toHaveBeenCalledTimes(1);
      expect([...world.endpoints.disabled]).toEqual([[endpointKey, why]]);
      expect(world.database.ended(id)?.record).toMatchObject({ ...end, attempts: 1 });
      expect(world.sender.sent).toHaveLength(1);
    },
  );

  it('that refuses one notification only stays as it is', async () => {
    const world = createReceiving([answered(400, { deliveryControl: 'abort-message' })]);
    expect(await deliverToEnd(world)).toMatchObject({
      state: 'failed',
      reason: 'aborted_by_receiver',
    });
    expect(world.endpoints.disabled.size).toBe(0);
  });

  it('that was disabled while the notification waited for a slot is not called', async () => {
    const world = createReceiving();
    const key = notification.webhook.endpointKey;
    const busy = await given(world.queues.take(key, 'fresh', world.ctx.term.stopping));
    const ended = deliverIn(world);
    world.endpoints.disabled.set(key, 'endpoint_gone');
    busy.release();
    await ended;
    expect(world.sender.sent).toEqual([]);
    expect(world.database.ended(id)?.record).toMatchObject({
      state: 'failed',
      reason: 'endpoint_disabled',
      attempts: 0,
    });
  });

  it('that was disabled while the notification waited for a quick retry is not called again', async () => {
    const world = createReceiving([answered(500)]);
    const ended = deliverIn(world);
    await flush();
    world.endpoints.disabled.set(notification.webhook.endpointKey, 'endpoint_gone');
    await jest.runAllTimersAsync();
    await ended;
    expect(numbersSent(world)).toEqual([1]);
    expect(world.database.ended(id)?.record).toMatchObject({
      reason: 'endpoint_disabled',
      attempts: 1,
      statusCode: 500,
    });
    expect(world.retries.rows.size).toBe(0);
  });
});

describe('a notification from durable state', () => {
  it('that waited for a slot until it was too late has expired', async () => {
    const world = createReceiving([], { giveUpAfterMs: 60_000 });
    const claim = await newClaim(world.retries, aRetry());
    await deliverIn(world, { claim, acceptedAt: new Date(now - 60_001) });
    expect(world.sender.sent).toEqual([]);
    expect(world.database.ended(id)?.record).toMatchObject({ reason: 'expired', attempts: 0 });
    expect(world.retries.rows.size).toBe(0);
  });
});
