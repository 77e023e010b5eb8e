import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Timestamp, type MongoClient } from 'mongodb';
import { createCheckpointStore } from '../../src/mongo/checkpoints.ts';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { createLeaseStore } from '../../src/mongo/leases.ts';
import { toPosition } from '../../src/mongo/position.ts';
import type { Lease, LeaseStore } from '../../src/ports/source.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'the lease');
});
afterAll(async () => {
  await client.close();
});

async function acquired(store: LeaseStore): Promise<Lease> {
  const lease = await store.acquire();
  if (lease === null) throw new Error('another worker holds the lease');
  return lease;
}

// A row created again began where the checkpoint's row stood. Whoever held the lease and had not saved the checkpoint yet
// had the very epoch that its successor got, and neither kept the other from saving.
it('gives its next holder an epoch of its own when its row was deleted by hand', async () => {
  const { leases, checkpoints } = stateCollections(client.db(servers().database));
  const worker = (owner: string): LeaseStore =>
    createLeaseStore({ leases, checkpoints, owner, ttlMs: 60_000 });
  const watched = { namespace: 'central.sms', collectionUuid: null };
  const position = toPosition({ token: null, clusterTime: new Timestamp(1n) }, new Date());
  const save = async (owner: string, { epoch }: Lease): Promise<string> =>
    await createCheckpointStore(checkpoints, watched, { owner, epoch }).save(position);

  const before = worker('first');
  const first = await acquired(before);
  expect(await save('first', first)).toBe('saved');
  await before.release(first);
  const [one, other] = [worker('a'), worker('a')];
  const former = await acquired(one);
  await leases.deleteMany({});
  const successor = await acquired(other);
  expect(successor.epoch).toBeGreaterThan(former.epoch);
  expect(await one.renew(former)).toBe(false);
  expect(await save('a', former)).toBe('fenced');
  expect(await other.renew(successor)).toBe(true);
  expect(await save('a', successor)).toBe('saved');
});
