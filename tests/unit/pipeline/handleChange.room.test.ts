import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { aLanes } from '../../support/aLanes.ts';
import { redeliverDue } from '../../../src/pipeline/redeliverDue.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aChange, aDocument, answered } from '../../support/builders.ts';
import { createFakeSender, deferred } from '../../support/fakePorts.ts';
import { createWorld, type World } from '../../support/world.ts';
import { handleIn } from './handleIn.ts';

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

/** A world in which one call at a time can be made, and the first ones are answered by hand. */
function createSlow(text = 'short') {
  const answer = deferred<AttemptOutcome>();
  const world = createWorld({
    sender: createFakeSender(() => answer.promise),
    lanes: aLanes({ maxInFlight: 9, maxInFlightPerEndpoint: 1 }),
    quickRetriesMs: [1_000],
    retryScheduleMs: [60_000],
  });
  for (const smsKey of ['a', 'b', 'c']) {
    world.database.documents.set(smsKey, aDocument({ _id: smsKey, text }));
  }
  return { world, answer };
}

async function handle(world: World, smsId: string, settle = jest.fn()): Promise<boolean> {
  return await handleIn(world, aChange({ id: smsId }), settle);
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a notification for which its lane has no room', () => {
  it('is out of the checkpoint’s way after two seconds, and called when its turn comes', async () => {
    const { world, answer } = createSlow();
    const settles = [jest.fn(), jest.fn()];
    const handled = [handle(world, 'a', settles[0]), handle(world, 'b', settles[1])];
    await pass(2_000);
    for (const settle of settles) expect(settle).toHaveBeenCalledTimes(1);
    expect(world.retries.rows.get('b:DELIVERED')).toMatchObject({
      claim: null,
      dueAtMs: Date.now(),
      parked: { log: { begun: 0 } },
    });
    expect(world.database.endings).toEqual([]);
    expect(await handled[1]).toBe(true);
    const redelivering = redeliverDue(world.deps);
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
    const busy = await world.lanes.take('endpoint-7', 'row', world.deps.stopping);
    await pass(2_100);
    await first;
    expect(world.retries.rows.get('a:DELIVERED')).toMatchObject({
      claim: null,
      dueAtMs: Date.now(),
      parked: { log: { begun: 1, last: { statusCode: 500 } } },
    });
    busy.release();
  });
});

describe('a notification that no row can hold', () => {
  it('holds the checkpoint through its quick retries, and then has failed', async () => {
    const { world, answer } = createSlow('x'.repeat(2_000));
    const settle = jest.fn();
    const handled = handle(world, 'a', settle);
    await pass(10_000);
    expect(settle).not.toHaveBeenCalled();
    answer.resolve(answered(500));
    await pass(2_000);
    await handled;
    expect(settle).toHaveBeenCalledTimes(1);
    expect(world.retries.writes).toEqual([]);
    expect(world.sender.sent).toHaveLength(2);
    expect(world.database.ended('a:DELIVERED')?.record).toMatchObject({
      state: 'failed',
      reason: 'attempts_exhausted',
      attempts: 2,
    });
    expect(world.logger.of('attempt').at(-1)).toMatchObject({ fields: { next: 'failed' } });
  });

  it('is not sent away from its lane', async () => {
    const { world, answer } = createSlow('x'.repeat(2_000));
    const handled = [handle(world, 'a'), handle(world, 'b'), handle(world, 'c')];
    await pass(60_000);
    expect(world.retries.writes).toEqual([]);
    answer.resolve(answered(200));
    await Promise.all(handled);
    expect(world.sender.sent).toHaveLength(3);
  });

  it('is left unsettled by a stop that comes while it waits for a quick retry', async () => {
    const { world, answer } = createSlow('x'.repeat(2_000));
    const settle = jest.fn();
    const handled = handle(world, 'a', settle);
    const stopped = expect(handled).rejects.toBeInstanceOf(Stopping);
    answer.resolve(answered(500));
    await pass(500);
    world.stopping.abort(new Stopping());
    await pass(0);
    await stopped;
    expect(settle).not.toHaveBeenCalled();
  });
});
