import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ClaimedRetry } from '../../src/ports/retries.ts';
import { aWebhook } from '../support/builders.ts';
import { createRetries, type Retries } from '../support/mongoRetries.ts';
import { retryFor } from '../support/someRetries.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const { endpointKey } = aWebhook();
const nobody = { has: () => false };

let retries: Retries;

beforeAll(() => {
  retries = createRetries(servers().mongo, servers().database);
});
beforeEach(async () => {
  await retries.rows.deleteMany({});
  for (const deliveryStatus of ['SENT', 'DELIVERED']) {
    await retries.store.schedule(retryFor('sms-1', { deliveryStatus }), 0);
  }
});

async function siblingsOf(claimed: readonly (ClaimedRetry | null)[]) {
  const rows = claimed.filter((row) => row !== null);
  expect(rows).toHaveLength(2);
  const standings = rows.map(async (row) => await retries.store.recheck(row));
  return (await Promise.all(standings)).map((each) => each !== 'refused' && each.siblingClaimed);
}

// Each took the other for one that somebody calls: both were let go for a second, were due together again, and in
// a long line they were claimed together again, for as long as it was long.
describe('two statuses of one SMS that one worker has claimed together', () => {
  it('do not both wait for each other: claimed as due', async () => {
    const { store } = retries;
    const claims = [store.claimDue(endpointKey, nobody), store.claimDue(endpointKey, nobody)];
    expect(await siblingsOf(await Promise.all(claims))).toEqual([false, false]);
  });

  it('do not both wait for each other: claimed as old', async () => {
    const later = new Date(Date.now() + 60_000);
    const claimed = await retries.store.claimAcceptedBefore(later, 10, nobody);
    expect(await siblingsOf(claimed)).toEqual([false, false]);
  });

  it('do not both wait for each other: one recorded under its call', async () => {
    const { store } = retries;
    await store.claimDue(endpointKey, nobody);
    const claimed = await store.claimDue(endpointKey, nobody);
    await store.scheduleClaimed(retryFor('sms-1', { deliveryStatus: 'READ' }));
    expect(await siblingsOf([claimed, claimed])).toEqual([false, false]);
  });

  it('wait for one that an earlier process of the same name has claimed', async () => {
    const earlier = createRetries(servers().mongo, servers().database);
    await earlier.store.scheduleClaimed(retryFor('sms-1', { deliveryStatus: 'READ' }));
    const { store } = retries;
    const claims = [store.claimDue(endpointKey, nobody), store.claimDue(endpointKey, nobody)];
    expect(await siblingsOf(await Promise.all(claims))).toEqual([true, true]);
  });
});
