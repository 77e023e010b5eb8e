import { newClaim } from '../../support/someRetries.ts';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { renewClaims } from '../../../src/notify/renewClaims.ts';
import { aRetry } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import type { Turn } from '../../support/fakePorts.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';

const id = 'sms-1:DELIVERED';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** One claimed row, whose claim holds for 45 s. */
async function begin(turn?: Turn) {
  const { retries } = createFakeDatabase(turn);
  const claim = await newClaim(retries, aRetry());
  const claims = new Map([[id, claim]]);
  const logger = createMemoryLogger();
  const end = new AbortController();
  const done = renewClaims({ retries, claims, logger }, end.signal);
  return {
    ...{ retries, claims, logger, claim },
    isClaimed: () => retries.isClaimed('sms-1'),
    async end() {
      end.abort();
      await done;
    },
  };
}

describe('the claims of what is in progress', () => {
  it('hold for as long as it is, and then run out', async () => {
    const world = await begin();
    await jest.advanceTimersByTimeAsync(600_000);
    expect(world.isClaimed()).toBe(true);
    world.claims.clear();
    await jest.advanceTimersByTimeAsync(46_000);
    expect(world.isClaimed()).toBe(false);
    await world.end();
  });

  it('are renewed again once the database is back, though they have run out meanwhile', async () => {
    let isAway = true;
    const world = await begin(async (port) => {
      if (port === 'renew' && isAway) throw await Promise.resolve(new Error('no primary'));
    });
    await jest.advanceTimersByTimeAsync(90_000);
    expect(world.isClaimed()).toBe(false);
    expect(world.logger.of('database_retry').length).toBeGreaterThan(1);
    isAway = false;
    await jest.advanceTimersByTimeAsync(2_000);
    expect(world.isClaimed()).toBe(true);
    await world.end();
  });

  it('are left to whoever has claimed the row since', async () => {
    const world = await begin();
    const theirs = world.retries.stealClaim(id);
    await jest.advanceTimersByTimeAsync(46_000);
    expect(world.retries.rows.get(id)?.claim).toBe(theirs);
    expect(world.isClaimed()).toBe(false);
    await world.end();
  });

  it('are renewed no more when the worker has ended', async () => {
    const world = await begin();
    await world.end();
    await jest.advanceTimersByTimeAsync(46_000);
    expect(world.isClaimed()).toBe(false);
  });
});
