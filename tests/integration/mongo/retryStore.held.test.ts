import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { aLog, answered } from '../../support/builders.ts';
import { createRetries, type Retries } from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';
import { claimUpTo, newClaim, retryFor } from '../../support/someRetries.ts';
import { untyped } from '../../support/untyped.ts';

const servers = useServers(import.meta.url);
const id = 'a:DELIVERED';
let client: MongoClient;
let retries: Retries;

beforeAll(async () => {
  client = createMongoClient(servers().mongodbUri, 'claims held under test');
  await ensureStateCollections(stateCollections(client.db(servers().database)));
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  await stateCollections(client.db(servers().database)).retries.deleteMany({});
  retries = createRetries(client, servers().database);
});

async function letClaimsRunOut(): Promise<void> {
  const earlier = { $subtract: ['$$NOW', 1_000] };
  await retries.rows.updateMany({}, [{ $set: { nextAttemptAt: earlier } }]);
}

async function scheduleUnderClaim(smsKey: string, begun = 1): Promise<string> {
  const log = aLog(...Array.from({ length: begun }, () => answered(500)));
  return await newClaim(retries.store, { ...retryFor(smsKey), log });
}

describe('renewing claims', () => {
  it('has them hold a whole time anew, also when they have run out', async () => {
    const claim = await scheduleUnderClaim('a');
    await letClaimsRunOut();
    await retries.store.renew(new Map([[id, claim]]));
    expect(await retries.dueInMs(id)).toBeGreaterThan(50_000);
    expect(await claimUpTo(retries.store, 1)).toEqual([]);
    expect(await retries.row(id)).toMatchObject({ attempts: 1, claim: { token: claim } });
  });

  it('leaves alone what somebody else has claimed since, was let go or has ended', async () => {
    const held = new Map<string, string>();
    for (const name of ['a', 'b', 'gone'])
      held.set(`${name}:DELIVERED`, await scheduleUnderClaim(name));
    await letClaimsRunOut();
    const other = createRetries(client, servers().database, { claimMs: 600_000 });
    await claimUpTo(other.store, 3);
    const claim = held.get('b:DELIVERED') ?? '';
    await untyped(retries.rows).updateOne(
      { _id: 'b:DELIVERED' },
      { $set: { claim: { token: claim } } },
    );
    await retries.store.release('b:DELIVERED', claim, null, 3_600_000);
    await retries.rows.deleteOne({ _id: 'gone:DELIVERED' });
    await retries.store.renew(held);
    expect(await retries.dueInMs(id)).toBeGreaterThan(500_000);
    expect(await retries.dueInMs('b:DELIVERED')).toBeGreaterThan(3_500_000);
    expect(await retries.rows.countDocuments()).toBe(2);
  });
});
