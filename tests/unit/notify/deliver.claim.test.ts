import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type AttemptOutcome, noAttempts } from '../../../src/domain/attempt.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aLog, answered, aNotification, aRetry } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { createReceiving, deliverIn, deliverToEnd, flush, numbersSent } from './delivering.ts';
import { given } from '../endpoints/inSlot.ts';
import { newClaim } from '../../support/someRetries.ts';

const id = 'sms-1:DELIVERED';
const notification = aNotification();
const reason = new Stopping();

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a notification whose first attempt takes long', () => {
  it('is scheduled after a second, in the hands of this worker, and its row goes with the end', async () => {
    const answer = deferred<AttemptOutcome>();
    const world = createReceiving([answer.promise]);
    const onPersisted = jest.fn();
    const ended = deliverIn(world, { notification, onPersisted });
    await jest.advanceTimersByTimeAsync(999);
    expect(world.retries.writes).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(onPersisted).toHaveBeenCalledTimes(1);
    const row = world.retries.rows.get(id);
    expect(row).toMatchObject({
      claim: 'claim 1',
      retry: { log: { begun: 1, last: null } },
    });
    expect(row?.retry.body).toBe(notification.body);
    answer.resolve(answered(200));
    await ended;
    expect(world.database.endings).toMatchObject([
      { record: { state: 'delivered', attempts: 1 }, claim: 'claim 1' },
    ]);
    expect(world.retries.rows.size).toBe(0);
    expect(onPersisted).toHaveBeenCalledTimes(1);
  });

  it('is scheduled as well while it waits for a quick retry, which counts before it is made', async () => {
    const second = deferred<AttemptOutcome>();
    const world = createReceiving([answered(500), second.promise]);
    const ended = deliverIn(world);
    await jest.advanceTimersByTimeAsync(1_100);
    expect(numbersSent(world)).toEqual([1, 2]);
    expect(world.retries.writes).toEqual([`scheduleClaimed ${id}`, `beginAttempt ${id}`]);
    expect(world.retries.rows.get(id)?.retry.log).toMatchObject({
      begun: 2,
      last: { statusCode: 500 },
    });
    second.resolve(answered(200));
    await ended;
    expect(world.retries.rows.size).toBe(0);
  });

  it('is not called again before the row says so', async () => {
    const durable = deferred<undefined>();
    const database = createFakeDatabase(async (port) => {
      if (port === 'beginAttempt') await durable.promise;
    });
    const world = createReceiving([answered(500), answered(200)], { database });
    const ended = deliverIn(world);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(numbersSent(world)).toEqual([1]);
    durable.resolve(undefined);
    await ended;
    expect(numbersSent(world)).toEqual([1, 2]);
  });

  it('waits for the row with its end, so that none is left behind', async () => {
    const durable = deferred<undefined>();
    const database = createFakeDatabase(async (port) => {
      if (port === 'scheduleClaimed') await durable.promise;
    });
    const answer = deferred<AttemptOutcome>();
    const world = createReceiving([answer.promise], { database });
    const ended = deliverIn(world);
    await jest.advanceTimersByTimeAsync(1_000);
    answer.resolve(answered(200));
    await flush();
    expect(database.endings).toEqual([]);
    durable.resolve(undefined);
    await ended;
    expect(database.ended(id)).toBeDefined();
    expect(world.retries.rows.size).toBe(0);
  });
});

describe('a notification that somebody else has taken over', () => {
  it('between two attempts is not called again, and nothing is written for it', async () => {
    const world = createReceiving([answered(500)]);
    const ended = deliverIn(world);
    const failed = expect(ended).resolves.toBe('lost');
    await jest.advanceTimersByTimeAsync(1_000);
    world.retries.stealClaim(id);
    await jest.runAllTimersAsync();
    await failed;
    expect(numbersSent(world)).toEqual([1]);
    expect(world.database.endings).toEqual([]);
    expect(world.retries.rows.get(id)).toMatchObject({
      claim: 'claim 2',
      retry: { log: { begun: 1 } },
    });
  });

  it('during an attempt that fails is not released either', async () => {
    const answer = deferred<AttemptOutcome>();
    const world = createReceiving([answer.promise], { retryScheduleMs: [30_000] });
    const log = aLog(answered(500), answered(500));
    const claim = await newClaim(world.retries, aRetry({ log }));
    const ended = deliverIn(world, { claim, log });
    await flush();
    world.retries.stealClaim(id);
    answer.resolve(answered(503));
    expect(await ended).toBe('lost');
    expect(world.database.endings).toEqual([]);
    expect(world.retries.rows.get(id)).toMatchObject({
      claim: 'claim 2',
      retry: { log: { begun: 3, last: { statusCode: 500 } } },
    });
  });

  it('during a first attempt that fails is not released either', async () => {
    const answer = deferred<AttemptOutcome>();
    const world = createReceiving([answer.promise], { quickRetriesMs: [], retryScheduleMs: [1] });
    const claim = await newClaim(world.retries, aRetry());
    const ended = deliverIn(world, { claim, log: { ...noAttempts } });
    const taken = expect(ended).resolves.toBe('lost');
    await flush();
    world.retries.stealClaim(id);
    await jest.advanceTimersByTimeAsync(1_000);
    answer.resolve(answered(500));
    await taken;
    expect(world.database.endings).toEqual([]);
    expect(world.retries.rows.get(id)).toMatchObject({ retry: { log: { begun: 0 } } });
  });

  it('and was delivered here all the same is remembered as delivered, its row left to the other', async () => {
    const answer = deferred<AttemptOutcome>();
    const world = createReceiving([answer.promise]);
    const claim = await newClaim(world.retries, aRetry());
    const ended = deliverIn(world, { claim, log: { ...noAttempts } });
    await flush();
    world.retries.stealClaim(id);
    answer.resolve(answered(200));
    await ended;
    expect(world.database.ended(id)?.record?.state).toBe('delivered');
    expect(world.retries.rows.get(id)?.claim).toBe('claim 2');
  });
});

describe('a stop', () => {
  it('before the first attempt leaves it unmade', async () => {
    const world = createReceiving();
    const key = notification.webhook.endpointKey;
    const busy = await given(world.queues.take(key, 'fresh', world.ctx.term.abandoned));
    const ended = deliverIn(world, { notification });
    world.stopping.abort(reason);
    await expect(ended).rejects.toBe(reason);
    busy.release();
    expect(world.sender.sent).toHaveLength(0);
    expect(world.retries.rows.size).toBe(0);
  });

  it('just as the first attempt gets its slot leaves it unmade and uncounted', async () => {
    const world = createReceiving();
    const ended = deliverIn(world);
    world.stopping.abort(reason);
    await expect(ended).rejects.toBe(reason);
    expect(world.sender.sent).toHaveLength(0);
    expect(world.retries.writes).toEqual([]);
  });

  it('before the next attempt of one from durable state lets it go, due at once', async () => {
    const world = createReceiving();
    const log = aLog(answered(500));
    const claim = await newClaim(world.retries, aRetry({ log }));
    const key = notification.webhook.endpointKey;
    const busy = await given(world.queues.take(key, 'fresh', world.ctx.term.abandoned));
    const ended = deliverIn(world, { notification, claim, log });
    world.stopping.abort(reason);
    await ended;
    busy.release();
    expect(world.retries.rows.get(id)).toMatchObject({ claim: null, dueAtMs: Date.now() });
    expect(world.retries.rows.get(id)?.retry.log).toEqual(log);
    expect(world.database.endings).toMatchObject([{ record: { state: 'retrying', attempts: 1 } }]);
  });

  it('before the first attempt of one from durable state shows nothing: it was never called', async () => {
    const world = createReceiving();
    const claim = await newClaim(world.retries, aRetry());
    world.stopping.abort(reason);
    await deliverIn(world, { claim, log: { ...noAttempts } });
    expect(world.retries.rows.get(id)).toMatchObject({ claim: null, retry: { log: { begun: 0 } } });
    expect(world.database.endings).toEqual([]);
  });

  it('schedules a running attempt at once and lets it come to its end', async () => {
    const answer = deferred<AttemptOutcome>();
    const world = createReceiving([answer.promise]);
    const onPersisted = jest.fn();
    const ended = deliverIn(world, { onPersisted });
    await flush();
    world.stopping.abort(reason);
    await flush();
    expect(onPersisted).toHaveBeenCalledTimes(1);
    expect(world.retries.rows.get(id)).toMatchObject({ claim: 'claim 1' });
    answer.resolve(answered(200));
    await ended;
    expect(world.database.ended(id)?.record).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(world.retries.rows.size).toBe(0);
  });

  it('leaves the retry of a running attempt that fails to durable state', async () => {
    const answer = deferred<AttemptOutcome>();
    const world = createReceiving([answer.promise]);
    const ended = deliverIn(world);
    await flush();
    world.stopping.abort(reason);
    await flush();
    answer.resolve(answered(500));
    await ended;
    expect(numbersSent(world)).toEqual([1]);
    expect(world.retries.rows.get(id)).toMatchObject({
      claim: null,
      dueAtMs: Date.now() + 1_100,
      retry: { log: { begun: 1, last: { statusCode: 500 } } },
    });
  });

  it.each([
    ['before it was parked', 400],
    ['after it was parked', 1_050],
  ])(
    'cuts the wait for a quick retry short %s: what is left of it is served later',
    async (_when, ms) => {
      const world = createReceiving([answered(500)]);
      const startedAt = Date.now();
      const ended = deliverIn(world);
      await jest.advanceTimersByTimeAsync(ms);
      world.stopping.abort(reason);
      await ended;
      expect(Date.now()).toBe(startedAt + ms);
      expect(numbersSent(world)).toEqual([1]);
      const dueAtMs = startedAt + 1_100;
      expect(world.retries.rows.get(id)).toMatchObject({ claim: null, dueAtMs });
      expect(world.database.endings).toMatchObject([
        { record: { state: 'retrying', nextAttemptAt: new Date(dueAtMs) }, remember: false },
      ]);
    },
  );

  it('whose time is up ends a running attempt, without a word of how it went; its retry is due', async () => {
    const world = createReceiving([deferred<AttemptOutcome>().promise]);
    const { queues, logger, metrics, stopping, abandoned, retries } = world;
    const ended = deliverIn(world);
    await flush();
    stopping.abort(reason);
    const seen = watch(ended);
    await flush();
    expect(seen.isSettled).toBe(false);
    abandoned.abort(reason);
    await ended;
    expect(queues.free).toBe(2);
    expect(logger.of('attempt')).toEqual([]);
    expect(metrics.reported).toEqual([]);
    expect(retries.rows.get(id)).toMatchObject({ claim: null, retry: { log: { begun: 1 } } });
  });

  it('whose time is up before an answer could be written leaves it at that: no retry is made due', async () => {
    const world = createReceiving([answered(200)]);
    const write = async (): Promise<void> => {
      throw await Promise.resolve(reason);
    };
    const recorder = { ...world.ctx.recorder, end: write };
    const ended = deliverIn({ ...world, ctx: { ...world.ctx, recorder } });
    await expect(ended).rejects.toBe(reason);
    expect(world.retries.writes).toEqual([]);
  });

  it('that came long after the end changes nothing', async () => {
    const world = createReceiving();
    await deliverToEnd(world);
    world.stopping.abort(reason);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(world.retries.writes).toEqual([]);
  });
});
