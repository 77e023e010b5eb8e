import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import type { Route } from '../../../src/domain/route.ts';
import {
  aLog,
  anEndedSubject,
  answered,
  aRetry,
  aRecord,
  aSubject,
  aWebhook,
} from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { atOnce, createFakeRoutes, createFakeSender, deferred } from '../../support/fakePorts.ts';
import type { World, WorldOptions } from '../../support/world.ts';
import { flush, numbersSent } from '../notify/delivering.ts';
import { redeliverIn } from './retrying.ts';

const id = 'sms-1:DELIVERED';
const open: Route = { kind: 'open', webhook: aWebhook() };

const routed = (answer: Route | Promise<Route>): WorldOptions => ({
  routes: createFakeRoutes(() => answer),
});
/** More than one round of the loop. */
const aRound = async (): Promise<void> => await jest.advanceTimersByTimeAsync(1_000);
const endOf = (world: World): unknown => world.database.ended(id)?.record;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('what is due', () => {
  it('is called with the same bytes and the next number, and its row goes with its end', async () => {
    const world = redeliverIn();
    const retry = aRetry({ log: aLog(answered(503)) });
    await world.retries.schedule(retry, 5_000);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(world.sender.sent).toEqual([]);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(world.sender.sent).toMatchObject([{ notificationId: id, number: 2 }]);
    expect(world.sender.sent[0]?.body).toBe(retry.body);
    expect(endOf(world)).toMatchObject({
      state: 'delivered',
      attempts: 2,
      history: [{ statusCode: 503 }],
    });
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it('is called for the first time when it never was', async () => {
    const world = redeliverIn({ ...routed(open), quickRetriesMs: [1_000] });
    await world.retries.schedule(aRetry(), 0);
    await aRound();
    expect(numbersSent(world)).toEqual([1]);
    await world.stop();
  });

  it('goes through the whole schedule, and waits again each time', async () => {
    const world = redeliverIn({
      sender: createFakeSender(() => answered(500)),
      quickRetriesMs: [1_000],
      retryScheduleMs: [10_000, 20_000],
    });
    await world.retries.schedule(aRetry({ log: aLog(answered(500), answered(500)) }), 10_000);
    await jest.advanceTimersByTimeAsync(11_000);
    expect(numbersSent(world)).toEqual([3]);
    expect(world.retries.rows.get(id)).toMatchObject({
      claim: null,
      retry: { log: { begun: 3 } },
    });
    expect(world.database.endings).toMatchObject([{ record: { state: 'retrying', attempts: 3 } }]);
    await jest.advanceTimersByTimeAsync(24_000);
    expect(numbersSent(world)).toEqual([3, 4]);
    expect(endOf(world)).toMatchObject({ reason: 'attempts_exhausted', attempts: 4 });
    await world.stop();
  });

  it('is asked for again and again, also while the database does not answer', async () => {
    const failures = [new Error('no primary'), new Error('no primary')];
    const database = createFakeDatabase(async (port) => {
      const failure = port === 'claimDue' ? failures.pop() : undefined;
      if (failure !== undefined) throw await Promise.resolve(failure);
    });
    const world = redeliverIn({ database });
    await world.retries.schedule(aRetry(), 0);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(world.logger.of('database_retry')).toHaveLength(2);
    expect(endOf(world)).toBeDefined();
    await world.stop();
  });

  it('counts as in progress, for changes that come meanwhile', async () => {
    const answer = deferred<AttemptOutcome>();
    const world = redeliverIn({ sender: createFakeSender(() => answer.promise) });
    await world.retries.schedule(aRetry(), 0);
    await aRound();
    expect([...world.ctx.active.keys()]).toEqual([id]);
    answer.resolve(answered(200));
    await flush();
    expect(world.ctx.active.size).toBe(0);
    await world.stop();
  });
});

describe('a row whose notification', () => {
  it('has ended elsewhere is removed, and the end shown once more, without a call', async () => {
    const world = redeliverIn();
    await world.ctx.recorder.end(anEndedSubject(), aRecord(), null);
    await world.retries.schedule(aRetry(), 0);
    await aRound();
    expect(world.retries.rows.size).toBe(0);
    expect(world.sender.sent).toEqual([]);
    expect(world.database.endings.slice(1)).toMatchObject([{ record: aRecord(), remember: false }]);
    expect(world.metrics.reported).toEqual([['notificationEnded', 'delivered', '']]);
    await world.stop();
  });

  it.each<[string, Route, string]>([
    ['account no longer wants it', { kind: 'notOptedIn' }, 'notification_withdrawn'],
    [
      'account has no webhook any more',
      { kind: 'missing', reason: 'no_default_webhook' },
      'notification_withdrawn',
    ],
    [
      'flow no longer has the webhook',
      { kind: 'missing', reason: 'flow_webhook_disabled' },
      'notification_withdrawn',
    ],
    [
      'webhook can no longer be used',
      { kind: 'unusable', webhookId: 7, displayUrl: null, problem: 'no host' },
      'invalid_webhook',
    ],
  ])('%s ends as failed without a call', async (_what, route, reason) => {
    const world = redeliverIn(routed(route));
    await world.retries.schedule(aRetry({ log: aLog(answered(503)) }), 0);
    await aRound();
    expect(world.sender.sent).toEqual([]);
    expect(endOf(world)).toMatchObject({ state: 'failed', reason, attempts: 1, statusCode: 503 });
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it('leads to a disabled endpoint ends as failed without a call', async () => {
    const world = redeliverIn();
    world.endpoints.disabled.set(aWebhook().endpointKey, 'endpoint_gone');
    await world.retries.schedule(aRetry(), 0);
    await aRound();
    expect(world.sender.sent).toEqual([]);
    expect(endOf(world)).toMatchObject({ reason: 'endpoint_disabled', attempts: 0 });
    await world.stop();
  });

  it('leads elsewhere by now is called there, and shows it', async () => {
    const webhook = aWebhook({ webhookId: 8, displayUrl: 'https://new.example/hook' });
    const world = redeliverIn({
      ...routed({ kind: 'open', webhook }),
      sender: createFakeSender(() => answered(500)),
      retryScheduleMs: [0, 60_000],
    });
    await world.retries.schedule(aRetry({ log: aLog(answered(500)) }), 0);
    await aRound();
    expect(world.sender.sent[0]?.webhook).toBe(webhook);
    expect(world.database.endings).toMatchObject([
      { record: { state: 'retrying', webhookId: 8, url: 'https://new.example/hook' } },
    ]);
    expect(world.retries.rows.get(id)?.retry.webhook).toMatchObject({ webhookId: 8 });
    await world.stop();
  });
});

describe('a row that is too old', () => {
  const acceptedAt = (): Date => new Date(Date.now() - 60_000);

  it('has expired, with what is known of it, and is not called', async () => {
    const world = redeliverIn({ giveUpAfterMs: 59_999 });
    await world.retries.schedule(aRetry({ acceptedAt: acceptedAt(), log: aLog(answered(503)) }), 0);
    await aRound();
    expect(world.sender.sent).toEqual([]);
    expect(endOf(world)).toMatchObject({ reason: 'expired', attempts: 1, statusCode: 503 });
    await world.stop();
  });

  it('has expired also when nobody can tell where it leads', async () => {
    const world = redeliverIn({ ...routed(deferred<Route>().promise), giveUpAfterMs: 59_999 });
    await world.retries.schedule(aRetry({ acceptedAt: acceptedAt() }), 0);
    await jest.advanceTimersByTimeAsync(7_000);
    expect(endOf(world)).toMatchObject({ reason: 'expired', attempts: 0 });
    await world.stop();
  });

  it('has been withdrawn rather than expired when it was', async () => {
    const world = redeliverIn({ ...routed({ kind: 'notOptedIn' }), giveUpAfterMs: 59_999 });
    await world.retries.schedule(aRetry({ acceptedAt: acceptedAt() }), 0);
    await aRound();
    expect(endOf(world)).toMatchObject({ reason: 'notification_withdrawn' });
    await world.stop();
  });
});

describe('a row that can’t be served now', () => {
  it('because MySQL does not answer is let go after a while, and no attempt is used', async () => {
    const world = redeliverIn(routed(deferred<Route>().promise));
    await world.retries.schedule(aRetry(), 0);
    await jest.advanceTimersByTimeAsync(5_900);
    const row = world.retries.rows.get(id);
    expect(row).toMatchObject({ claim: null, retry: { log: { begun: 0 } } });
    expect(row?.dueAtMs).toBeGreaterThan(Date.now() + 5_000);
    expect(world.database.endings).toEqual([]);
    await world.stop();
  });

  it('because another status of its SMS is called here is due again after a second', async () => {
    const answer = deferred<AttemptOutcome>();
    const world = redeliverIn({ sender: createFakeSender(() => answer.promise) });
    const other = aSubject({ deliveryStatus: 'SENT' });
    await world.retries.schedule(aRetry({ subject: other }), 0);
    await jest.advanceTimersByTimeAsync(700);
    await world.retries.schedule(aRetry(), 0);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(world.sender.sent.map(({ notificationId }) => notificationId)).toEqual(['sms-1:SENT']);
    answer.resolve(answered(200));
    await jest.advanceTimersByTimeAsync(3_000);
    expect(endOf(world)).toMatchObject({ state: 'delivered', attempts: 1 });
    await world.stop();
  });

  it('because another status of its SMS is called elsewhere is let go, and served after that', async () => {
    const world = redeliverIn();
    const other = aRetry({ subject: aSubject({ deliveryStatus: 'SENT' }) });
    await world.database.seenBy(atOnce).retries.scheduleClaimed(other);
    await world.retries.schedule(aRetry(), 0);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(world.sender.sent).toEqual([]);
    world.retries.rows.delete('sms-1:SENT');
    await jest.advanceTimersByTimeAsync(3_000);
    expect(endOf(world)).toMatchObject({ state: 'delivered' });
    await world.stop();
  });

  it('does not keep the other status of its SMS waiting when both are due at once', async () => {
    const world = redeliverIn();
    await world.retries.schedule(aRetry({ subject: aSubject({ deliveryStatus: 'SENT' }) }), 0);
    await world.retries.schedule(aRetry(), 0);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(world.retries.rows.size).toBe(0);
    expect(numbersSent(world)).toEqual([1, 1]);
    await world.stop();
  });
});
