import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { someQueues } from '../../support/someQueues.ts';
import {
  aChange,
  aDocument,
  answered,
  aRetry,
  aSubject,
  aWebhook,
} from '../../support/builders.ts';
import { createFakeSender, deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld, type World } from '../../support/world.ts';
import { handleIn } from './processing.ts';

const flush = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);
const sentIds = ({ sender }: World): string[] =>
  sender.sent.map(({ notificationId }) => notificationId);

/** A world in which the call for SENT is answered by hand, all others at once. */
function createSituation() {
  const answer = deferred<AttemptOutcome>();
  const world = createWorld({
    sender: createFakeSender(({ notificationId }) =>
      notificationId === 'sms-1:SENT' ? answer.promise : answered(200),
    ),
    queues: someQueues({
      maxInFlight: 9,
      maxInFlightPerEndpoint: 9,
      breaker: { threshold: 0.7, cooldownMs: 30_000 },
    }),
  });
  world.database.documents.set('sms-1', aDocument());
  return { world, answer };
}

async function handle(world: World, deliveryStatus: string, ack = jest.fn()): Promise<boolean> {
  return await handleIn(world, aChange({ deliveryStatus }), ack);
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('two statuses of one SMS', () => {
  it('do not wait for each other where there is no call to make', async () => {
    const { world, answer } = createSituation();
    const first = handle(world, 'SENT');
    await flush();
    for (let times = 0; times < 10; times += 1) {
      world.queues.ended({ accountId: 28, webhook: aWebhook() }, { statusCode: 500, error: null });
    }
    await handle(world, 'DELIVERED');
    expect(world.retries.rows.get('sms-1:DELIVERED')).toMatchObject({
      claim: null,
      dueAtMs: Date.now(),
    });
    answer.resolve(answered(200));
    await first;
  });

  it('are not called at once: the second waits for the first', async () => {
    const { world, answer } = createSituation();
    const first = handle(world, 'SENT');
    const second = handle(world, 'DELIVERED');
    await jest.advanceTimersByTimeAsync(999);
    expect(sentIds(world)).toEqual(['sms-1:SENT']);
    answer.resolve(answered(200));
    await Promise.all([first, second]);
    expect(sentIds(world)).toEqual(['sms-1:SENT', 'sms-1:DELIVERED']);
    expect(world.retries.writes).toEqual([]);
  });

  it('are both out of the way of the checkpoint after a second: the second one is scheduled', async () => {
    const { world, answer } = createSituation();
    const acks = [jest.fn(), jest.fn()];
    const first = handle(world, 'SENT', acks[0]);
    await flush();
    const second = handle(world, 'DELIVERED', acks[1]);
    await jest.advanceTimersByTimeAsync(999);
    for (const ack of acks) expect(ack).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    for (const ack of acks) expect(ack).toHaveBeenCalledTimes(1);
    expect(await second).toBe(true);
    expect(world.retries.rows.get('sms-1:DELIVERED')).toMatchObject({
      claim: null,
      dueAtMs: Date.now() + 1_000,
      retry: { log: { begun: 0 } },
    });
    expect(world.database.endings).toEqual([]);
    answer.resolve(answered(200));
    await first;
    await flush();
    expect(sentIds(world)).toEqual(['sms-1:SENT']);
    expect(world.ctx.active.size).toBe(0);
  });

  it('are not called at once either when the first one is in the hands of a predecessor', async () => {
    const { world } = createSituation();
    const subject = aSubject({ deliveryStatus: 'SENT' });
    await world.retries.scheduleClaimed(aRetry({ subject }));
    expect(await handle(world, 'DELIVERED')).toBe(true);
    expect(world.sender.sent).toEqual([]);
    expect(world.retries.rows.get('sms-1:DELIVERED')).toMatchObject({ claim: null });
  });

  it('do not wait for each other when the first one only waits for its retry', async () => {
    const { world } = createSituation();
    const subject = aSubject({ deliveryStatus: 'SENT' });
    await world.retries.schedule(aRetry({ subject }), 60_000);
    await handle(world, 'DELIVERED');
    expect(sentIds(world)).toEqual(['sms-1:DELIVERED']);
  });

  it('of which the first one’s claim has run out do not wait for each other', async () => {
    const { world } = createSituation();
    const subject = aSubject({ deliveryStatus: 'SENT' });
    await world.retries.scheduleClaimed(aRetry({ subject }));
    await jest.advanceTimersByTimeAsync(45_000);
    await handle(world, 'DELIVERED');
    expect(sentIds(world)).toEqual(['sms-1:DELIVERED']);
  });
});

describe('a status that has waited for another one', () => {
  it('counts as processed from when it came, not from when it was called', async () => {
    const { world } = createSituation();
    const cameAt = Date.now();
    const first = handle(world, 'SENT');
    await flush();
    const second = handle(world, 'DELIVERED');
    await jest.advanceTimersByTimeAsync(1_000);
    await second;
    expect(world.retries.rows.get('sms-1:DELIVERED')?.retry.acceptedAt).toEqual(new Date(cameAt));
    expect(watch(first).isSettled).toBe(false);
  });
});
