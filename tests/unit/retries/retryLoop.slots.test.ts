import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { someQueues } from '../../support/someQueues.ts';
import { answered, aRetry, aSubject, aWebhook } from '../../support/builders.ts';
import { createFakeRoutes, createFakeSender, deferred } from '../../support/fakePorts.ts';
import { redeliverIn } from './retrying.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('what is due', () => {
  it('is claimed only as far as there are slots, and as many again', async () => {
    const answer = deferred<AttemptOutcome>();
    const queues = someQueues({ maxInFlight: 2, maxInFlightPerEndpoint: 2 });
    const world = redeliverIn({ queues, sender: createFakeSender(() => answer.promise) });
    for (const smsKey of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      await world.retries.schedule(aRetry({ subject: aSubject({ smsKey }) }), 0);
    }
    await jest.advanceTimersByTimeAsync(5_000);
    const claimed = [...world.retries.rows.values()].filter(({ claim }) => claim !== null);
    expect(claimed.length).toBeGreaterThan(2);
    expect(claimed.length).toBeLessThanOrEqual(4);
    expect(world.sender.sent).toHaveLength(2);
    answer.resolve(answered(200));
    await jest.advanceTimersByTimeAsync(5_000);
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it('is not kept from being called by slow endpoints, however much is due there', async () => {
    const slow = ['slow-1', 'slow-2'];
    const queues = someQueues({ maxInFlight: 3, maxInFlightPerEndpoint: 1 });
    const routes = createFakeRoutes(({ accountId }) => {
      const endpointKey = slow[Number(accountId)] ?? 'quick';
      return { kind: 'open', webhook: aWebhook({ endpointKey }) };
    });
    const sender = createFakeSender(async ({ webhook }) =>
      slow.includes(webhook.endpointKey) ? await deferred<AttemptOutcome>().promise : answered(200),
    );
    const world = redeliverIn({ queues, routes, sender });
    for (let index = 0; index < 60; index += 1) {
      const accountId = index % 3;
      const webhook = aWebhook({ endpointKey: slow[accountId] ?? 'quick' });
      const subject = aSubject({ smsKey: `sms-${index}` });
      await world.retries.schedule(aRetry({ subject, accountId, webhook }), 0);
    }
    await jest.advanceTimersByTimeAsync(10_000);
    expect(sender.sent.filter(({ webhook }) => webhook.endpointKey === 'quick')).toHaveLength(20);
    world.abandoned.abort(new Stopping());
    await world.stop();
  });
});
