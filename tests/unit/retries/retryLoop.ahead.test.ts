import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type AttemptOutcome, noAttempts } from '../../../src/domain/attempt.ts';
import type { Route } from '../../../src/domain/route.ts';
import { smsKeyOf } from '../../../src/domain/ids.ts';
import { NO_ENDPOINT } from '../../../src/ports/retries.ts';
import {
  aDocument,
  aLog,
  anEndedSubject,
  answered,
  aRecord,
  aReplace,
  aRetry,
  aSubject,
  aWebhook,
} from '../../support/builders.ts';
import { createFakeRoutes, createFakeSender, deferred } from '../../support/fakePorts.ts';
import { someQueues } from '../../support/someQueues.ts';
import type { World } from '../../support/world.ts';
import { handleIn } from '../notify/processing.ts';
import { redeliverIn } from './retrying.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);
const claimedOf = ({ retries }: Pick<World, 'retries'>): readonly string[] =>
  [...retries.rows].flatMap(([id, { claim }]) => (claim === null ? [] : [id]));

const breaker = { threshold: 0.7, cooldownMs: 30_000 };

function openBreaker({ queues }: Pick<World, 'queues'>): void {
  for (let times = 0; times < 10; times += 1) {
    queues.ended({ accountId: 28, webhook: aWebhook() }, { statusCode: 500, error: null });
  }
}

/** Many rows of an endpoint that answers by hand. */
async function withBacklog(count = 20, log = noAttempts) {
  const answer = deferred<AttemptOutcome>();
  const queues = someQueues({ maxInFlight: 4, maxInFlightPerEndpoint: 4, breaker });
  const world = redeliverIn({ queues, sender: createFakeSender(() => answer.promise) });
  for (let index = 0; index < count; index += 1) {
    const subject = aSubject({ smsKey: `sms-${index}` });
    await world.retries.schedule(aRetry({ subject, log }), 0);
  }
  await pass(2_000);
  return { ...world, answer };
}

describe('rows that are claimed before there is a slot for them', () => {
  it('are as many as are called, and have their claims renewed', async () => {
    const world = await withBacklog();
    expect(world.sender.sent).toHaveLength(4);
    const claimed = claimedOf(world);
    expect(claimed.length).toBeGreaterThan(4);
    expect(claimed.length).toBeLessThanOrEqual(8);
    expect([...world.ctx.claims.keys()].toSorted()).toEqual(claimed.toSorted());
    world.answer.resolve(answered(200));
    await pass(5_000);
    expect(world.retries.rows.size).toBe(0);
    expect(world.sender.sent).toHaveLength(20);
    expect(world.ctx.active.size).toBe(0);
    await world.stop();
  });

  it('are as many as were called lately, since rows are claimed by one search for each endpoint', async () => {
    const stuck = deferred<AttemptOutcome>();
    let calls = 0;
    const sender = createFakeSender(() => ((calls += 1) > 20 ? stuck.promise : answered(200)));
    const queues = someQueues({ maxInFlight: 4, maxInFlightPerEndpoint: 4 });
    const world = redeliverIn({ queues, sender });
    for (let index = 0; index < 60; index += 1) {
      await world.retries.schedule(aRetry({ subject: aSubject({ smsKey: `sms-${index}` }) }), 0);
    }
    await pass(1_000);
    expect(world.sender.sent).toHaveLength(24);
    expect(claimedOf(world).length).toBeGreaterThan(8);
    expect(claimedOf(world).length).toBeLessThanOrEqual(12);
    stuck.resolve(answered(200));
    await pass(5_000);
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  // One claimed ahead was checked when it was claimed, and called minutes later although a former holder of the lease
  // had written its end meanwhile.
  it('are checked again before their call if their slot was long in coming', async () => {
    const world = await withBacklog();
    const called = new Set(world.sender.sent.map(({ notificationId }) => notificationId));
    const ahead = claimedOf(world).find((id) => !called.has(id)) ?? '';
    await pass(2_000);
    const subject = { ...anEndedSubject(), smsKey: smsKeyOf(ahead), notificationId: ahead };
    await world.ctx.recorder.end(subject, aRecord({ notificationId: ahead }), null);
    world.answer.resolve(answered(200));
    await pass(5_000);
    expect(world.sender.sent).toHaveLength(19);
    expect(world.sender.sent.map(({ notificationId }) => notificationId)).not.toContain(ahead);
    expect(world.retries.rows.size).toBe(0);
    await world.stop();
  });

  it('are given back at a stop, due at once', async () => {
    const world = await withBacklog();
    const called = new Set(world.sender.sent.map(({ notificationId }) => notificationId));
    const stopped = world.stop();
    await pass(0);
    expect(claimedOf(world).toSorted()).toEqual([...called].toSorted());
    const givenBack = [...world.retries.rows.values()].filter(({ claim }) => claim === null);
    for (const { dueAtMs } of givenBack) expect(dueAtMs).toBeLessThanOrEqual(Date.now());
    world.answer.resolve(answered(200));
    await stopped;
    expect(world.retries.rows.size).toBe(16);
    expect(world.ctx.claims.size).toBe(0);
  });

  // A whole-document save removed it while its row was claimed. It was missing until the next attempt.
  it('have their records shown again when they are given back', async () => {
    const world = await withBacklog(20, aLog(answered(500)));
    const called = new Set(world.sender.sent.map(({ notificationId }) => notificationId));
    const ahead = claimedOf(world).filter((id) => !called.has(id));
    const [lost = ''] = ahead;
    const document = aDocument({ _id: smsKeyOf(lost) });
    world.database.documents.set(smsKeyOf(lost), document);
    await handleIn(world, aReplace(document));
    expect(world.database.endings).toEqual([]);
    const stopped = world.stop();
    await pass(0);
    const shown = world.database.endings.map(({ notificationId, record, remember, claim }) => {
      return { notificationId, state: record?.state, attempts: record?.attempts, remember, claim };
    });
    const still = { state: 'retrying', attempts: 1, remember: false, claim: null };
    expect(shown).toEqual(ahead.map((notificationId) => ({ notificationId, ...still })));
    world.answer.resolve(answered(200));
    await stopped;
  });

  it('are given back when their endpoint’s breaker opens', async () => {
    const world = await withBacklog();
    openBreaker(world);
    await pass(0);
    expect(claimedOf(world)).toHaveLength(4);
    expect(world.ctx.active.size).toBe(4);
    world.answer.resolve(answered(200));
    await world.stop();
  });
});

describe('rows that lead nowhere yet', () => {
  const undecided = { isStale: false, lookUps: 0 };
  const schedule = async (world: World, count = 6): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const subject = aSubject({ smsKey: `sms-${index}` });
      await world.retries.schedule(aRetry({ subject, webhook: null, undecided }), 0);
    }
    await pass(2_000);
  };
  const open: Route = { kind: 'open', webhook: aWebhook() };

  it('are called without being let go of', async () => {
    const world = redeliverIn({ routes: createFakeRoutes(() => open) });
    await schedule(world);
    expect(world.sender.sent).toHaveLength(6);
    expect(world.retries.rows.size).toBe(0);
    expect(world.retries.writes.filter((what) => what.startsWith('release'))).toEqual([]);
    await world.stop();
  });

  it('wait where they lead while that is not to be called', async () => {
    const queues = someQueues({ maxInFlight: 4, maxInFlightPerEndpoint: 4, breaker });
    const world = redeliverIn({ queues, routes: createFakeRoutes(() => open) });
    openBreaker(world);
    await schedule(world);
    expect(world.sender.sent).toEqual([]);
    for (const { claim, retry } of world.retries.rows.values()) {
      expect(claim).toBeNull();
      expect(retry).toMatchObject({ webhook: aWebhook(), undecided: null });
    }
    await world.stop();
  });

  // It was asked 76 times, each time for nothing.
  it('have their endpoint asked seldom whether it has others due', async () => {
    const queues = someQueues({ maxInFlight: 8, maxInFlightPerEndpoint: 8 });
    const world = redeliverIn({ queues, routes: createFakeRoutes(() => open) });
    const claim = jest.spyOn(world.retries, 'claimDue');
    await schedule(world, 200);
    expect(world.sender.sent).toHaveLength(200);
    const asked = claim.mock.calls.filter(([endpointKey]) => endpointKey !== NO_ENDPOINT);
    expect(asked.length).toBeLessThan(50);
    await world.stop();
  });

  it('do not keep an endpoint from what becomes due there meanwhile', async () => {
    const stuck = deferred<AttemptOutcome>();
    const sender = createFakeSender(({ number, notificationId }) =>
      notificationId.startsWith('sms-0') && number === 1 ? stuck.promise : answered(200),
    );
    const world = redeliverIn({ sender, routes: createFakeRoutes(() => open) });
    await schedule(world);
    expect(world.retries.rows.size).toBe(1);
    await world.retries.schedule(aRetry({ subject: aSubject({ smsKey: 'other' }) }), 0);
    await pass(2_000);
    expect(world.sender.sent).toHaveLength(7);
    stuck.resolve(answered(200));
    await world.stop();
  });
});
