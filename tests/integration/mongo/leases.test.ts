import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Timestamp, type MongoClient } from 'mongodb';
import { createCheckpointStore } from '../../../src/mongo/checkpoints.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { createLeaseStore } from '../../../src/mongo/leases.ts';
import { toPosition } from '../../../src/mongo/position.ts';
import type { Lease, LeaseStore } from '../../../src/ports/source.ts';
import { describeLeaseStore } from '../../contract/leaseStore.ts';
import { useServers } from '../../support/servers.ts';
import { until } from '../../support/until.ts';

const ttlMs = 60_000;
const servers = useServers(import.meta.url);
let client: MongoClient;
let leases: StateCollections['leases'];
let checkpoints: StateCollections['checkpoints'];

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'leases under test');
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  ({ leases, checkpoints } = stateCollections(client.db(servers().database)));
  await Promise.all([leases.drop(), checkpoints.drop()]);
});

function worker(owner: string, { ttlMs: ttl = ttlMs } = {}): LeaseStore {
  return createLeaseStore({ leases, checkpoints, owner, ttlMs: ttl });
}

async function acquired(store: LeaseStore): Promise<Lease> {
  const lease = await store.acquire();
  if (lease === null) throw new Error('another worker holds the lease');
  return lease;
}

/** Milliseconds from the server's now to the end of the lease. */
async function leftMs(): Promise<number> {
  const left = { $subtract: ['$until', '$$NOW'] };
  const [row] = await leases.aggregate([{ $project: { left } }]).toArray();
  return Number(row?.['left']);
}

async function expectWholeTerm(): Promise<void> {
  const left = await leftMs();
  expect(left).toBeLessThanOrEqual(ttlMs);
  expect(left).toBeGreaterThan(ttlMs - 10_000);
}

async function runOut(): Promise<void> {
  await leases.updateOne({}, [{ $set: { until: { $subtract: ['$$NOW', 1] } } }]);
}

describe('the lease', () => {
  it('is had by the first who asks, on an empty database, for a whole term', async () => {
    expect(await worker('a').acquire()).toEqual({ epoch: 1 });
    await expectWholeTerm();
    expect(await leases.find().toArray()).toEqual([
      { _id: '0', owner: 'a', taker: expect.any(String), epoch: 1, until: expect.any(Date) },
    ]);
  });

  it('is had by one of many who ask at once, on an empty database and later', async () => {
    const workers = Array.from({ length: 20 }, (_, index) => worker(`worker-${index}`));
    for (const epoch of [1, 2, 3]) {
      const answers = await until('somebody has it', async () => {
        const all = await Promise.all(workers.map(async (store) => await store.acquire()));
        return all.some((lease) => lease !== null) ? all : null;
      });
      expect(answers.filter((lease) => lease !== null)).toEqual([{ epoch }]);
      expect(await leases.countDocuments()).toBe(1);
      await runOut();
    }
  });

  it('is not given to another while it holds, nor to another with the same name', async () => {
    await acquired(worker('a'));
    expect(await worker('b').acquire()).toBeNull();
    expect(await worker('a').acquire()).toBeNull();
  });

  it('passes on when its time is over, by the clock of the server', async () => {
    await acquired(worker('a', { ttlMs: 3_000 }));
    const before = await leftMs();
    expect(before).toBeGreaterThan(0);
    const lease = await until('b has it', async () => await worker('b').acquire());
    expect(lease).toEqual({ epoch: 2 });
    expect(await leases.findOne({})).toMatchObject({ owner: 'b' });
  });

  it.each(['$owner', '$$NOW', ''])('keeps the name of its owner as it is: "%s"', async (owner) => {
    const store = worker(owner);
    const lease = await acquired(store);
    expect(await leases.findOne({})).toMatchObject({ owner });
    expect(await store.renew(lease)).toBe(true);
  });
});

describe('regression: the leases were dropped, the checkpoint was kept', () => {
  const watched = { namespace: 'central.sms', collectionUuid: null };
  const position = toPosition({ token: null, clusterTime: new Timestamp(1n) }, new Date());
  const saveAs = async (owner: string, { epoch }: Lease): Promise<string> =>
    await createCheckpointStore(checkpoints, watched, { owner, epoch }).save(position);

  it('the next holder may save it, and whoever held the lease before may not', async () => {
    for (const [index, owner] of ['a', 'b', 'a'].entries()) {
      const lease = await acquired(worker(owner));
      expect(lease.epoch).toBe(index + 1);
      expect(await saveAs(owner, lease)).toBe('saved');
      await runOut();
    }
    await leases.drop();
    const lease = await acquired(worker('b'));
    expect(lease.epoch).toBe(4);
    expect(await saveAs('b', lease)).toBe('saved');
    expect(await saveAs('a', { epoch: 3 })).toBe('fenced');
    expect(await checkpoints.findOne({})).toMatchObject({ owner: 'b', epoch: 4 });
  });

  it('is no trouble with a row that has no epoch yet', async () => {
    await checkpoints.insertOne({ _id: '0' } as never);
    const lease = await acquired(worker('a'));
    expect(lease.epoch).toBe(1);
    expect(await saveAs('a', lease)).toBe('saved');
    expect(await checkpoints.findOne({})).toMatchObject({ owner: 'a', epoch: 1 });
  });
});

describe('renewing', () => {
  it('begins a whole new term', async () => {
    const store = worker('a');
    const lease = await acquired(store);
    await leases.updateOne({}, [{ $set: { until: { $add: ['$$NOW', 1_000] } } }]);
    expect(await store.renew(lease)).toBe(true);
    await expectWholeTerm();
    expect(await leases.findOne({})).toMatchObject({ owner: 'a', epoch: 1 });
  });

  it('fails for a former holder, one with the same name too, and changes nothing', async () => {
    const former = worker('a');
    const lease = await acquired(former);
    for (const owner of ['b', 'a']) {
      await runOut();
      await acquired(worker(owner));
      const before = await leases.findOne({});
      expect(await former.renew(lease)).toBe(false);
      expect(await leases.findOne({})).toEqual(before);
    }
  });

  it('fails when the row is gone, and does not make it again', async () => {
    const store = worker('a');
    const lease = await acquired(store);
    await leases.deleteMany({});
    expect(await store.renew(lease)).toBe(false);
    expect(await leases.countDocuments()).toBe(0);
  });
});

describeLeaseStore(() => ({
  ttlMs,
  worker: () => worker('a'),
  leftMs,
  async endIn(ms = -1) {
    await leases.updateOne({}, [{ $set: { until: { $add: ['$$NOW', ms] } } }]);
  },
}));
