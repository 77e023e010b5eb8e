import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aLog, answered, aNotification, aRetry } from '../../support/builders.ts';
import type { World } from '../../support/world.ts';
import { createReceiving, deliverIn } from './delivering.ts';
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
