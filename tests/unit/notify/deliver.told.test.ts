import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { someQueues } from '../../support/someQueues.ts';
import { answered, aNotification, unanswered } from '../../support/builders.ts';
import { createReceiving, deliverToEnd } from './delivering.ts';

const now = Date.parse('2023-10-19T06:01:00.000Z');
const notification = aNotification({ accountId: 28, flowId: '9223372036854775807' });
const common = {
  notificationId: 'sms-1:DELIVERED',
  accountId: 28,
  flowId: '9223372036854775807',
  webhookId: 7,
};
const iso = (afterMs: number): string => new Date(now + afterMs).toISOString();

beforeEach(() => {
  jest.useFakeTimers({ now });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('what is reported of an attempt', () => {
  it('is one line each, with what comes next', async () => {
    const world = createReceiving([
      answered(503, { durationMs: 31 }),
      unanswered('connection_refused', { durationMs: 2 }),
      answered(200, { durationMs: 12 }),
    ]);
    await deliverToEnd(world, { notification });
    const line = (fields: object): object => ({
      level: 'info',
      event: 'attempt',
      fields: { ...common, ...fields },
    });
    expect(world.logger.lines).toEqual([
      line({
        attempt: 1,
        statusCode: 503,
        error: null,
        durationMs: 31,
        next: 'quick_retry',
        nextAttemptAt: iso(1_100),
      }),
      line({
        attempt: 2,
        statusCode: null,
        error: 'connection_refused',
        durationMs: 2,
        next: 'quick_retry',
        nextAttemptAt: iso(1_100 + 4_400),
      }),
      line({
        attempt: 3,
        statusCode: 200,
        error: null,
        durationMs: 12,
        next: 'delivered',
        nextAttemptAt: null,
      }),
    ]);
  });

  it('says of one that waits in durable state that it is scheduled, and until when', async () => {
    const world = createReceiving([answered(503)], {
      quickRetriesMs: [],
      retryScheduleMs: [30_000],
    });
    await deliverToEnd(world);
    expect(world.logger.of('attempt').map(({ fields }) => fields)).toMatchObject([
      { attempt: 1, next: 'parked', nextAttemptAt: iso(33_000) },
    ]);
  });

  it('says of the last one in vain that it failed', async () => {
    const world = createReceiving([answered(500)], { quickRetriesMs: [] });
    await deliverToEnd(world);
    expect(world.logger.of('attempt')[0]?.fields).toMatchObject({
      next: 'failed',
      nextAttemptAt: null,
    });
  });

  it('names no query, header or body', async () => {
    const world = createReceiving([answered(200)]);
    await deliverToEnd(world, {
      notification: aNotification({ body: Buffer.from('919999999999') }),
    });
    expect(JSON.stringify(world.logger.lines)).not.toMatch(
      /query-secret|header-secret|919999999999/,
    );
  });

  it('counts every attempt, and the time to the 2xx from when the status was written', async () => {
    const outcomes = [answered(500), answered(200)] as const;
    const world = createReceiving(outcomes);
    await deliverToEnd(world, {
      notification: aNotification({ statusAt: new Date(now - 5_000) }),
    });
    expect(world.metrics.reported).toEqual([
      ['attempted', outcomes[0]],
      ['attempted', outcomes[1]],
      ['delivered', 5 + 1.1],
      ['notificationEnded', 'delivered', ''],
    ]);
    const called = expect.objectContaining({
      accountId: 28,
      webhook: expect.objectContaining({ endpointKey: 'endpoint-7' }),
    });
    expect(world.statistics.reported).toEqual([
      ['attempted', called, outcomes[0]],
      ['attempted', called, outcomes[1]],
      ['notificationEnded', called, 'delivered'],
    ]);
  });
});

describe('the breaker of an endpoint', () => {
  it('is not reported an address that may not be called, so that all that leads there ends at once', async () => {
    const breaker = { threshold: 0.7, cooldownMs: 30_000 };
    const queues = someQueues({ maxInFlight: 9, maxInFlightPerEndpoint: 9, breaker });
    const world = createReceiving([unanswered('blocked_address')], { queues });
    for (let count = 1; count <= 20; count += 1) {
      expect(await deliverToEnd(world)).toMatchObject({
        state: 'failed',
        reason: 'blocked_address',
        attempts: 1,
        statusCode: null,
        error: 'blocked_address',
      });
      expect(world.sender.sent).toHaveLength(count);
    }
  });
});
