import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Timestamp, type MongoClient } from 'mongodb';
import { createCheckpointStore } from '../../src/mongo/checkpointStore.ts';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { createLeaseStore } from '../../src/mongo/leaseStore.ts';
import { toPosition } from '../../src/mongo/position.ts';
import { stateCollections } from '../../src/mongo/stateCollections.ts';
import type { Lease, LeaseStore } from '../../src/pipeline/ports.ts';
import { Fenced } from '../../src/runtime/abort.ts';
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

// A row made anew began where the checkpoint's row stood. Whoever held the lease and had not saved the checkpoint yet
// had the very epoch that its successor got, and neither kept the other from saving.
it('gives its next holder an epoch of its own when its row was deleted by hand', async () => {
  const { leases, checkpoints } = stateCollections(client.db(servers().database));
  const worker = (owner: string): LeaseStore =>
    createLeaseStore({ leases, checkpoints, owner, ttlMs: 60_000 });
  const watched = { namespace: 'central.sms', collectionUuid: null };
  const position = toPosition({ token: null, clusterTime: new Timestamp(1n) }, new Date());
  const save = async (owner: string, { epoch }: Lease): Promise<void> =>
    await createCheckpointStore(checkpoints, watched, { owner, epoch }).save(position);

  const before = worker('first');
  const first = await acquired(before);
  await save('first', first);
  await before.release(first);
  const [one, other] = [worker('a'), worker('a')];
  const former = await acquired(one);
  await leases.deleteMany({});
  const successor = await acquired(other);
  expect(successor.epoch).toBeGreaterThan(former.epoch);
  expect(await one.renew(former)).toBe(false);
  await expect(save('a', former)).rejects.toThrow(Fenced);
  expect(await other.renew(successor)).toBe(true);
  await save('a', successor);
});
