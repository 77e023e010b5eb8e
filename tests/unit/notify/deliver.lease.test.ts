import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type AttemptOutcome, noAttempts } from '../../../src/domain/attempt.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aLog, answered, aNotification, aRetry } from '../../support/builders.ts';
import { createFakeSender, deferred } from '../../support/fakePorts.ts';
import { createWorld, type World } from '../../support/world.ts';
import { createReceiving, deliverIn, flush } from './delivering.ts';
import { newClaim } from '../../support/someRetries.ts';

const notification = aNotification();
const id = notification.notificationId;

beforeEach(() => {
  jest.useFakeTimers();
});

/** A world whose worker finds its lease over when it asks for the n-th time: it was frozen right before. */
function frozenBefore(nth: number): World {
  let asked = 0;
  const world: World = createReceiving([answered(200)], {
    isHeld() {
      asked += 1;
      if (asked < nth) return true;
      world.stopping.abort(new Stopping());
      return false;
    },
  });
  return world;
}

describe('a lease that ended while the process was frozen', () => {
  it.each([
    ['before it was begun', 1],
    ['before it was made', 2],
  ])('leaves the first attempt unmade, uncounted and unparked: %s', async (_when, nth) => {
    const world = frozenBefore(nth);
    const onPersisted = jest.fn();
    await expect(deliverIn(world, { onPersisted })).rejects.toThrow(Stopping);
    expect(onPersisted).not.toHaveBeenCalled();
    expect(world.sender.sent).toHaveLength(0);
    expect(world.retries.writes).toEqual([]);
  });

  it.each([
    ['before its next attempt was counted', 1],
    ['while its next attempt was counted', 2],
  ])('lets a row go with the attempts it had: %s', async (_when, nth) => {
    const world = frozenBefore(nth);
    const log = aLog(answered(500));
    const claim = await newClaim(world.retries, aRetry({ log }));
    await deliverIn(world, { notification, claim, log });
    expect(world.sender.sent).toHaveLength(0);
    expect(world.retries.rows.get(id)).toMatchObject({ claim: null, retry: { log } });
  });
});

describe('a call that its sender did not begin, because the lease had ended by then', () => {
  const refusing = () => {
    const answer = deferred<AttemptOutcome>();
    const world = createWorld({ sender: createFakeSender(() => answer.promise) });
    return { world, refuse: () => answer.reject(new Stopping()) };
  };

  it('leaves a first attempt uncounted and unparked', async () => {
    const { world, refuse } = refusing();
    refuse();
    await expect(deliverIn(world)).rejects.toThrow(Stopping);
    expect(world.retries.writes).toEqual([]);
  });

  // Its row was left claimed, with an attempt that no customer saw.
  it('lets the row go that was written meanwhile, due at once and without an attempt', async () => {
    const { world, refuse } = refusing();
    const delivered = deliverIn(world);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(world.retries.rows.get(id)).toMatchObject({ retry: { log: { begun: 1 } } });
    refuse();
    expect(await delivered).toBe('scheduled');
    expect(world.retries.rows.get(id)).toMatchObject({
      claim: null,
      dueAtMs: Date.now(),
      retry: { log: noAttempts },
    });
    expect(world.database.endings).toEqual([]);
  });

  it.each([
    ['no attempt', noAttempts],
    ['one attempt', aLog(answered(500))],
  ])('lets a row go as it was: with %s', async (_which, log) => {
    const { world, refuse } = refusing();
    const claim = await newClaim(world.retries, aRetry({ log }));
    refuse();
    await deliverIn(world, { claim, log });
    expect(world.retries.rows.get(id)).toMatchObject({ claim: null, retry: { log } });
  });

  it('is counted when it was begun and then abandoned', async () => {
    const { world } = refusing();
    const claim = await newClaim(world.retries, aRetry());
    const delivered = deliverIn(world, { claim });
    await flush();
    world.abandoned.abort(new Stopping());
    await delivered;
    expect(world.retries.rows.get(id)).toMatchObject({ retry: { log: { begun: 1 } } });
  });
});
