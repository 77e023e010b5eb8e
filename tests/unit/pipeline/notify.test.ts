import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Attempt, AttemptOutcome } from '../../../src/domain/attempt.ts';
import { notify } from '../../../src/pipeline/notify.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { answered, aNotification, unanswered } from '../../support/builders.ts';
import { createFakeSender, deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld, type World } from '../../support/world.ts';

const now = Date.parse('2023-10-19T06:01:00.000Z');

/** The receiver answers in turn, the last answer for ever. */
function createReceiving(
  answers: (AttemptOutcome | Promise<AttemptOutcome>)[] = [answered(200)],
  quickRetriesMs: readonly number[] = [1_000, 4_000],
): World {
  const left = [...answers];
  const sender = createFakeSender(
    () => (left.length > 1 ? left.shift() : left[0]) ?? answered(200),
  );
  return createWorld({ sender, quickRetriesMs });
}

const flush = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);

beforeEach(() => {
  jest.useFakeTimers({ now });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('notify', () => {
  const notification = aNotification();

  it('records the answer of a webhook that takes the first call', async () => {
    const { deps, sender } = createReceiving([answered(204, { response: null })]);
    const record = await notify(notification, deps);
    expect(record).toMatchObject({ state: 'delivered', attempts: 1, statusCode: 204 });
    const { webhook, body, notificationId } = notification;
    expect(sender.sent).toEqual([{ webhook, body, notificationId, number: 1 }]);
  });

  it('calls again until the webhook answers with a 2xx', async () => {
    const { deps, sender } = createReceiving([answered(503), unanswered('timeout'), answered(200)]);
    const ended = notify(notification, deps);
    await jest.runAllTimersAsync();
    expect(await ended).toMatchObject({
      state: 'delivered',
      attempts: 3,
      statusCode: 200,
      history: [{ statusCode: 503 }, { statusCode: null, error: 'timeout' }],
    });
    expect(sender.sent.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('sends the same bytes every time', async () => {
    const { deps, sender } = createReceiving([answered(500)]);
    const ended = notify(notification, deps);
    await jest.runAllTimersAsync();
    await ended;
    expect(sender.sent).toHaveLength(3);
    for (const { body } of sender.sent) expect(body).toBe(notification.body);
  });

  it('fails when its attempts are used up, and makes no other', async () => {
    const { deps, sender } = createReceiving([answered(500)]);
    const ended = notify(notification, deps);
    await jest.runAllTimersAsync();
    expect(await ended).toMatchObject({
      state: 'failed',
      reason: 'attempts_exhausted',
      attempts: 3,
      statusCode: 500,
    });
    expect(sender.sent).toHaveLength(3);
  });

  it('makes one attempt when there are no retries', async () => {
    const { deps, sender } = createReceiving([answered(500)], []);
    expect(await notify(notification, deps)).toMatchObject({ state: 'failed', attempts: 1 });
    expect(sender.sent).toHaveLength(1);
  });

  it('waits before each retry as long as its policy says, stretched by chance', async () => {
    const { deps, sender } = createReceiving([answered(500)]);
    const ended = notify(notification, deps);
    await jest.advanceTimersByTimeAsync(1_099);
    expect(sender.sent).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(sender.sent).toHaveLength(2);
    await jest.advanceTimersByTimeAsync(4_399);
    expect(sender.sent).toHaveLength(2);
    await jest.advanceTimersByTimeAsync(1);
    expect(sender.sent).toHaveLength(3);
    await ended;
  });

  it('holds a slot while it calls, none while it waits', async () => {
    const first = deferred<AttemptOutcome>();
    const { deps, lanes } = createReceiving([first.promise, answered(200)]);
    const ended = notify(notification, deps);
    await flush();
    expect(lanes.inFlight).toBe(1);
    first.resolve(answered(500));
    await flush();
    expect(lanes.inFlight).toBe(0);
    await jest.runAllTimersAsync();
    await ended;
    expect(lanes.inFlight).toBe(0);
  });

  it('queues in the lane of its endpoint', async () => {
    const { deps, sender, lanes } = createReceiving();
    const busy = deferred<undefined>();
    const other = lanes.run(
      notification.webhook.endpointKey,
      async () => await busy.promise,
      deps.stopping,
    );
    const ended = notify(notification, deps);
    await flush();
    expect(sender.sent).toHaveLength(0);
    busy.resolve(undefined);
    await other;
    expect(await ended).toMatchObject({ state: 'delivered' });
  });

  it("passes a bug of the sender's on at once, and gives the slot back", async () => {
    const { deps, sender, lanes } = createReceiving();
    const bug = new TypeError('undefined is not a function');
    const calls: Attempt[] = [];
    const broken = {
      async send(attempt: Attempt): Promise<AttemptOutcome> {
        calls.push(attempt);
        throw await Promise.resolve(bug);
      },
    };
    await expect(notify(notification, { ...deps, sender: broken })).rejects.toBe(bug);
    expect(calls).toHaveLength(1);
    expect(lanes.inFlight).toBe(0);
    expect(sender.sent).toHaveLength(0);
  });
});

describe('a stop', () => {
  const notification = aNotification();
  const reason = new Stopping();

  it('before the first attempt leaves it unmade', async () => {
    const { deps, sender, lanes, stopping } = createReceiving();
    const busy = deferred<undefined>();
    const key = notification.webhook.endpointKey;
    const other = lanes.run(key, async () => await busy.promise, deps.abandoned);
    const ended = notify(notification, deps);
    stopping.abort(reason);
    await expect(ended).rejects.toBe(reason);
    busy.resolve(undefined);
    await other;
    expect(sender.sent).toHaveLength(0);
  });

  it('after it lets the attempt and its retries come to their end', async () => {
    const { deps, stopping } = createReceiving([answered(500), answered(200)]);
    const ended = notify(notification, deps);
    await flush();
    stopping.abort(reason);
    await jest.runAllTimersAsync();
    expect(await ended).toMatchObject({ state: 'delivered', attempts: 2 });
  });

  it('whose time is up ends a wait between attempts', async () => {
    const { deps, sender, stopping, abandoned } = createReceiving([answered(500)]);
    const ended = notify(notification, deps);
    await flush();
    stopping.abort(reason);
    const seen = watch(ended);
    await flush();
    expect(seen.isSettled).toBe(false);
    abandoned.abort(reason);
    await expect(ended).rejects.toBe(reason);
    expect(sender.sent).toHaveLength(1);
  });

  it('whose time is up ends a running attempt, without a word of how it went', async () => {
    const { deps, lanes, logger, metrics, abandoned } = createReceiving([
      deferred<AttemptOutcome>().promise,
    ]);
    const ended = notify(notification, deps);
    await flush();
    abandoned.abort(reason);
    await expect(ended).rejects.toBe(reason);
    expect(lanes.inFlight).toBe(0);
    expect(logger.of('attempt')).toEqual([]);
    expect(metrics.told).toEqual([]);
  });
});

describe('what is told of an attempt', () => {
  const notification = aNotification({ accountId: 28, flowId: '9223372036854775807' });
  const common = {
    notificationId: 'sms-1:DELIVERED',
    accountId: 28,
    flowId: '9223372036854775807',
    webhookId: 7,
  };

  it('is one line each, with what comes next', async () => {
    const { deps, logger } = createReceiving([
      answered(503, { durationMs: 31 }),
      unanswered('connection_refused', { durationMs: 2 }),
      answered(200, { durationMs: 12 }),
    ]);
    const ended = notify(notification, deps);
    await jest.runAllTimersAsync();
    await ended;
    expect(logger.lines).toEqual([
      {
        level: 'info',
        event: 'attempt',
        fields: {
          ...common,
          attempt: 1,
          statusCode: 503,
          error: null,
          durationMs: 31,
          next: 'quick_retry',
          nextAttemptAt: new Date(now + 1_100).toISOString(),
        },
      },
      {
        level: 'info',
        event: 'attempt',
        fields: {
          ...common,
          attempt: 2,
          statusCode: null,
          error: 'connection_refused',
          durationMs: 2,
          next: 'quick_retry',
          nextAttemptAt: new Date(now + 1_100 + 4_400).toISOString(),
        },
      },
      {
        level: 'info',
        event: 'attempt',
        fields: {
          ...common,
          attempt: 3,
          statusCode: 200,
          error: null,
          durationMs: 12,
          next: 'delivered',
          nextAttemptAt: null,
        },
      },
    ]);
  });

  it('says of the last one in vain that it failed', async () => {
    const { deps, logger } = createReceiving([answered(500)], []);
    await notify(notification, deps);
    expect(logger.of('attempt')[0]?.fields).toMatchObject({ next: 'failed', nextAttemptAt: null });
  });

  it('names no query, header or body', async () => {
    const { deps, logger } = createReceiving([answered(200)]);
    await notify(aNotification({ body: Buffer.from('919999999999') }), deps);
    expect(JSON.stringify(logger.lines)).not.toMatch(/query-secret|header-secret|919999999999/);
  });

  it('counts every attempt, and the time to the 2xx from when the status was written', async () => {
    const outcomes = [answered(500), answered(200)];
    const { deps, metrics } = createReceiving(outcomes);
    const ended = notify(aNotification({ statusAt: new Date(now - 5_000) }), deps);
    await jest.runAllTimersAsync();
    await ended;
    expect(metrics.told).toEqual([
      ['attempted', outcomes[0]],
      ['attempted', outcomes[1]],
      ['delivered', 5 + 1.1],
    ]);
  });
});
