import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { ensureStateCollections, stateCollections } from '../../../src/mongo/stateCollections.ts';
import { aLog, answered, aWebhook } from '../../support/builders.ts';
import {
  claimUpTo,
  createRetries,
  idsOfClaimed,
  parkable,
  type Retries,
} from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
const { endpointKey } = aWebhook();
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

async function parkClaimed(smsKey: string, begun = 1): Promise<string> {
  const log = aLog(...Array.from({ length: begun }, () => answered(500)));
  return (await retries.store.parkClaimed({ ...parkable(smsKey), log })) ?? '';
}

describe('what a worker has in its hands', () => {
  it('is not claimed by it once more when its claim has run out, however much of it there is', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    await Promise.all(names.map(async (name) => await parkClaimed(name)));
    await letClaimsRunOut();
    const held = new Set(names.slice(1).map((name) => `${name}:DELIVERED`));
    expect((await retries.store.claimDue(endpointKey, held))?.parked.subject.smsKey).toBe('a');
    expect(await retries.store.claimDue(endpointKey, held)).toBeNull();
  });

  it('is not claimed by its age either', async () => {
    for (const name of ['a', 'b', 'c']) await parkClaimed(name);
    await letClaimsRunOut();
    const held = new Set(['a:DELIVERED', 'c:DELIVERED']);
    const soon = new Date(Date.now() + 60_000);
    expect(idsOfClaimed(await retries.store.claimAcceptedBefore(soon, 2, held))).toEqual([
      'b:DELIVERED',
    ]);
    expect(await retries.store.claimAcceptedBefore(soon, 2, held)).toEqual([]);
  });

  it('is claimed by whoever has not', async () => {
    await parkClaimed('a');
    await letClaimsRunOut();
    expect(await claimUpTo(retries.store, 2)).toHaveLength(1);
  });
});

describe('renewing claims', () => {
  it('has them hold a whole time anew, also when they have run out', async () => {
    const claim = await parkClaimed('a');
    await letClaimsRunOut();
    await retries.store.renew(new Map([[id, claim]]));
    expect(await retries.dueInMs(id)).toBeGreaterThan(50_000);
    expect(await claimUpTo(retries.store, 1)).toEqual([]);
    expect(await retries.row(id)).toMatchObject({ attempts: 1, claim: { token: claim } });
  });

  it('leaves alone what somebody else has claimed since, was let go or has ended', async () => {
    const held = new Map<string, string>();
    for (const name of ['a', 'b', 'gone']) held.set(`${name}:DELIVERED`, await parkClaimed(name));
    await letClaimsRunOut();
    const other = createRetries(client, servers().database, { claimMs: 600_000 });
    await claimUpTo(other.store, 3);
    const claim = held.get('b:DELIVERED') ?? '';
    await retries.rows.updateOne({ _id: 'b:DELIVERED' }, { $set: { claim: { token: claim } } });
    await retries.store.release('b:DELIVERED', claim, null, 3_600_000);
    await retries.rows.deleteOne({ _id: 'gone:DELIVERED' });
    await retries.store.renew(held);
    expect(await retries.dueInMs(id)).toBeGreaterThan(500_000);
    expect(await retries.dueInMs('b:DELIVERED')).toBeGreaterThan(3_500_000);
    expect(await retries.rows.countDocuments()).toBe(2);
  });
});

describe('a row put down beside a call', () => {
  it('gives way to what the call knows, claimed or let go', async () => {
    await retries.store.park(parkable('a'), 0);
    await retries.store.park(parkable('b'), 0);
    const claim = await parkClaimed('a');
    expect(claim).not.toBe('');
    const log = aLog(answered(503));
    const at = await retries.store.park({ ...parkable('b'), log }, 3_600_000);
    expect(await retries.row(id)).toMatchObject({ attempts: 1, claim: { token: claim } });
    expect(await retries.row('b:DELIVERED')).toMatchObject({ attempts: 1, nextAttemptAt: at });
    expect(await retries.dueInMs('b:DELIVERED')).toBeGreaterThan(3_500_000);
  });

  it('stays when somebody has claimed it, or it knows of as many attempts', async () => {
    await retries.store.park(parkable('a'), 0);
    await claimUpTo(retries.store, 1);
    await retries.store.park({ ...parkable('b'), log: aLog(answered(500)) }, 60_000);
    expect(await retries.store.parkClaimed({ ...parkable('a'), log: aLog(answered(503)) })).toBe(
      null,
    );
    expect(await retries.store.parkClaimed({ ...parkable('b'), log: aLog(answered(503)) })).toBe(
      null,
    );
    expect(await retries.row(id)).toMatchObject({ attempts: 0 });
    expect(await retries.row('b:DELIVERED')).toMatchObject({ log: { last: { statusCode: 500 } } });
  });
});
