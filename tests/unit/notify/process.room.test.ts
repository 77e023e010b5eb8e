import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { someQueues } from '../../support/someQueues.ts';
import { runRetryLoop } from '../../../src/retries/retryLoop.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aChange, aDocument, answered } from '../../support/builders.ts';
import { createFakeSender, deferred } from '../../support/fakePorts.ts';
import { createWorld, type World } from '../../support/world.ts';
import { handleIn } from './processing.ts';
import { given } from '../endpoints/inSlot.ts';

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

/** A world in which one call at a time can be made, and the first ones are answered by hand. */
function createSlow(text = 'short') {
  const answer = deferred<AttemptOutcome>();
  const world = createWorld({
    sender: createFakeSender(() => answer.promise),
    queues: someQueues({ maxInFlight: 9, maxInFlightPerEndpoint: 1 }),
    quickRetriesMs: [1_000],
    retryScheduleMs: [60_000],
  });
  for (const smsKey of ['a', 'b', 'c']) {
    world.database.documents.set(smsKey, aDocument({ _id: smsKey, text }));
  }
  return { world, answer };
}

async function handle(world: World, smsId: string, ack = jest.fn()): Promise<boolean> {
  return await handleIn(world, aChange({ id: smsId }), ack);
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a notification for which its queue has no room', () => {
  it('is out of the checkpoint’s way after two seconds, and called when its turn comes', async () => {
    const { world, answer } = createSlow();
    const acks = [jest.fn(), jest.fn()];
    const handled = [handle(world, 'a', acks[0]), handle(world, 'b', acks[1])];
    await pass(2_000);
    for (const ack of acks) expect(ack).toHaveBeenCalledTimes(1);
    expect(world.retries.rows.get('b:DELIVERED')).toMatchObject({
      claim: null,
      dueAtMs: Date.now(),
      retry: { log: { begun: 0 } },
    });
    expect(world.database.endings).toEqual([]);
    expect(await handled[1]).toBe(true);
    const redelivering = runRetryLoop(world.ctx, world.track);
    answer.resolve(answered(200));
    await pass(2_000);
    expect(world.sender.sent.map(({ number }) => number)).toEqual([1, 1]);
    expect(world.retries.rows.size).toBe(0);
    await handled[0];
    world.stopping.abort(new Stopping());
    await redelivering;
  });

  it('waits for its quick retry in durable state when that can’t begin within a second', async () => {
    const { world, answer } = createSlow();
    const first = handle(world, 'a');
    answer.resolve(answered(500));
    await pass(0);
    const busy = await given(world.queues.take('endpoint-7', 'scheduled', world.ctx.term.stopping));
    await pass(2_100);
    await first;
    expect(world.retries.rows.get('a:DELIVERED')).toMatchObject({
      claim: null,
      dueAtMs: Date.now(),
      retry: { log: { begun: 1, last: { statusCode: 500 } } },
    });
    busy.release();
  });
});

describe('a notification that no row can hold', () => {
  it('holds the checkpoint through its quick retries, and then has failed', async () => {
    const { world, answer } = createSlow('x'.repeat(2_000));
    const ack = jest.fn();
    const handled = handle(world, 'a', ack);
    await pass(10_000);
    expect(ack).not.toHaveBeenCalled();
    answer.resolve(answered(500));
    await pass(2_000);
    await handled;
    expect(ack).toHaveBeenCalledTimes(1);
    expect(world.retries.writes).toEqual([]);
    expect(world.sender.sent).toHaveLength(2);
    expect(world.database.ended('a:DELIVERED')?.record).toMatchObject({
      state: 'failed',
      reason: 'attempts_exhausted',
      attempts: 2,
    });
    expect(world.logger.of('attempt').at(-1)).toMatchObject({ fields: { next: 'failed' } });
  });

  it('is not shed from its queue', async () => {
    const { world, answer } = createSlow('x'.repeat(2_000));
    const handled = [handle(world, 'a'), handle(world, 'b'), handle(world, 'c')];
    await pass(60_000);
    expect(world.retries.writes).toEqual([]);
    answer.resolve(answered(200));
    await Promise.all(handled);
    expect(world.sender.sent).toHaveLength(3);
  });

  it('is left unacknowledged by a stop that comes while it waits for a quick retry', async () => {
    const { world, answer } = createSlow('x'.repeat(2_000));
    const ack = jest.fn();
    const handled = handle(world, 'a', ack);
    const stopped = expect(handled).rejects.toBeInstanceOf(Stopping);
    answer.resolve(answered(500));
    await pass(500);
    world.stopping.abort(new Stopping());
    await pass(0);
    await stopped;
    expect(ack).not.toHaveBeenCalled();
  });
});
