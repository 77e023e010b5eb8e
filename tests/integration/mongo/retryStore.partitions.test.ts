import { beforeEach, describe, expect, it } from '@jest/globals';
import type { RouteKey } from '../../../src/domain/route.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { NO_ENDPOINT, type RetryStore } from '../../../src/ports/retries.ts';
import { aSubject, aWebhook } from '../../support/builders.ts';
import { examined } from '../../support/docsExamined.ts';
import { createRetries, type Retries } from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';
import { hashOf, namesIn, somePartitions } from '../../support/somePartitions.ts';
import {
  briefLog,
  claimUpTo,
  idsOfClaimed,
  nothingElse,
  otherWebhook,
  retryFor,
} from '../../support/someRetries.ts';

const HOUR_MS = 3_600_000;
const PARTITIONS = [0, 1, 2, 3];
const { endpointKey } = aWebhook();
const key: RouteKey = { accountId: 28, flowId: 200, deliveryStatus: 'DELIVERED' };
const undecided = { isStale: false, lookUps: 1 };
const servers = useServers(import.meta.url);
let all: Retries;

beforeEach(async () => {
  const state = stateCollections(servers().db);
  await state.retries.deleteMany({});
  await ensureStateCollections(state, undefined, { isPartitioned: true });
  all = workerWith(PARTITIONS);
});

function workerWith(partitions: readonly number[]): Retries {
  const { mongo, database } = servers();
  return createRetries(mongo, database, { partitioning: somePartitions(partitions) });
}

/** One row in each partition, due at once. */
async function scheduleOneEach(fields = {}, waitMs = 0): Promise<readonly string[]> {
  const names = PARTITIONS.flatMap((partition) => namesIn(partition, 1));
  for (const name of names) await all.store.schedule(retryFor(name, fields), waitMs);
  return names.map((name) => `${name}:DELIVERED`);
}

describe('the index of rows shared out by partition', () => {
  it('is there in addition, and only where rows are shared out', async () => {
    const state = stateCollections(servers().mongo.db(`${servers().database}_lease`));
    const keys = async (): Promise<readonly unknown[]> =>
      (await state.retries.indexes()).map((index): unknown => index.key);
    try {
      await ensureStateCollections(state);
      const without = await keys();
      await ensureStateCollections(state, undefined, { isPartitioned: true });
      expect(await keys()).toEqual([...without, { partition: 1, endpoint: 1, nextAttemptAt: 1 }]);
      expect(without).not.toContainEqual(expect.objectContaining({ partition: 1 }));
    } finally {
      await state.retries.db.dropDatabase();
    }
  });
});

describe('a new row', () => {
  it.each([
    ['waiting', async (store: RetryStore) => await store.schedule(retryFor('sms-1'), 0)],
    ['claimed', async (store: RetryStore) => await store.scheduleClaimed(retryFor('sms-1'))],
  ])('says in which partition its SMS is: %s', async (_, write) => {
    await write(all.store);
    const keyHash = hashOf('sms-1') ?? -1;
    const partition = keyHash % 4;
    expect(await all.row('sms-1:DELIVERED')).toMatchObject({ partition, keyHash });
  });

  it('is in none when that can’t be known, until it is placed', async () => {
    const documentKey = { opaque: { _id: 7 } };
    await all.store.schedule(retryFor('sms-1', { subject: aSubject({ documentKey }) }), 0);
    const row = await all.row('sms-1:DELIVERED');
    expect(row).not.toHaveProperty('partition');
    expect(row).not.toHaveProperty('keyHash');
  });

  it('says so also in the place of one that knew less', async () => {
    const lease = createRetries(servers().mongo, servers().database);
    await lease.store.schedule(retryFor('sms-1'), HOUR_MS);
    expect(await all.row('sms-1:DELIVERED')).not.toHaveProperty('partition');
    await all.store.scheduleClaimed(retryFor('sms-1', { log: briefLog }));
    expect(await all.row('sms-1:DELIVERED')).toMatchObject({ keyHash: hashOf('sms-1') });
  });

  it('still says so once it is released', async () => {
    const { store } = all;
    await store.schedule(retryFor('sms-1'), 0);
    const [claimed] = await claimUpTo(store, 1);
    const update = { log: briefLog, webhook: otherWebhook, undecided: null };
    await store.release('sms-1:DELIVERED', claimed?.token ?? '', update, 0);
    const partition = (hashOf('sms-1') ?? -1) % 4;
    expect(await all.row('sms-1:DELIVERED')).toMatchObject({ partition, attempts: 5 });
  });
});

describe('a worker', () => {
  it('claims what is due in its partitions, and says of which each is', async () => {
    const [, one, , three] = await scheduleOneEach();
    const { store } = workerWith([1, 3]);
    const claimed = await claimUpTo(store, 9);
    expect(new Set(idsOfClaimed(claimed))).toEqual(new Set([one, three]));
    expect(new Set(claimed.map(({ partition }) => partition))).toEqual(new Set([1, 3]));
  });

  it('claims of another partition once it has that', async () => {
    const [zero, one] = await scheduleOneEach();
    const partitioning = somePartitions([0]);
    const { mongo, database } = servers();
    const { store } = createRetries(mongo, database, { partitioning });
    expect(idsOfClaimed(await claimUpTo(store, 9))).toEqual([zero]);
    partitioning.has = [1];
    expect(idsOfClaimed(await claimUpTo(store, 9))).toEqual([one]);
  });

  it('claims what has expired in its partitions', async () => {
    const [zero] = await scheduleOneEach({ acceptedAt: new Date('2020-01-01T00:00:00Z') });
    const claimed = await workerWith([0]).store.claimAcceptedBefore(new Date(), 9, nothingElse);
    expect(idsOfClaimed(claimed)).toEqual([zero]);
  });

  it('leaves alone what is in no partition yet', async () => {
    const lease = createRetries(servers().mongo, servers().database);
    await lease.store.schedule(retryFor('sms-1'), 0);
    expect(await all.store.dueEndpoints(HOUR_MS)).toEqual({ keys: [], nextInMs: null });
    expect(await claimUpTo(all.store, 9)).toEqual([]);
    expect(await all.store.claimAcceptedBefore(new Date(), 9, nothingElse)).toEqual([]);
  });

  it('sees no endpoint but those of its partitions, each once', async () => {
    await scheduleOneEach();
    const [name = ''] = namesIn(2, 1);
    const fields = { deliveryStatus: 'SENT', webhook: otherWebhook };
    await all.store.schedule(retryFor(name, fields), 0);
    expect(await workerWith([0, 1, 3]).store.dueEndpoints(0)).toEqual({
      keys: [endpointKey],
      nextInMs: null,
    });
    const { keys } = await workerWith([0, 2]).store.dueEndpoints(0);
    expect(keys.toSorted()).toEqual([endpointKey, otherWebhook.endpointKey].toSorted());
  });

  it('without a partition has nothing to do', async () => {
    await scheduleOneEach();
    await all.store.schedule(retryFor('sms-1', { webhook: null, undecided }), HOUR_MS);
    const { store } = workerWith([]);
    expect(await store.dueEndpoints(HOUR_MS)).toEqual({ keys: [], nextInMs: null });
    expect(await store.claimDue(endpointKey, nothingElse)).toBeNull();
    expect(await store.claimAcceptedBefore(new Date(), 9, nothingElse)).toEqual([]);
    expect(await store.awaitedRoutes()).toEqual([]);
    expect(await store.routeKeysOf(endpointKey)).toEqual([]);
  });

  it('asks for the routes of its own, and tells all that wait for one', async () => {
    await scheduleOneEach({ webhook: null, undecided }, HOUR_MS);
    const [name = ''] = namesIn(2, 1);
    const other = { webhook: null, undecided, accountId: 30, deliveryStatus: 'SENT' };
    await all.store.schedule(retryFor(name, other), HOUR_MS);
    const { store } = workerWith([0]);
    expect(await store.awaitedRoutes()).toEqual([key]);
    await store.endWaitForRoute(key, otherWebhook);
    expect(await claimUpTo(all.store, 9, otherWebhook)).toHaveLength(4);
    expect(await all.store.claimDue(NO_ENDPOINT, nothingElse)).toBeNull();
  });

  it('looks up the routes of its own again, and moves all of one', async () => {
    await scheduleOneEach();
    const [name = ''] = namesIn(2, 1);
    await all.store.schedule(retryFor(name, { accountId: 30, deliveryStatus: 'SENT' }), 0);
    const { store } = workerWith([0]);
    expect(await store.routeKeysOf(endpointKey)).toEqual([key]);
    await store.move(endpointKey, key, otherWebhook);
    expect(await claimUpTo(all.store, 9, otherWebhook)).toHaveLength(4);
  });
});

describe('what the server goes through', () => {
  const statuses = ['A', 'B', 'C'];

  /** Of partition 1 ten times as many as of the others, all due before theirs. */
  async function scheduleMany(fields = {}, waitMs = 0): Promise<void> {
    const names = PARTITIONS.flatMap((partition) => namesIn(partition, partition === 1 ? 500 : 50));
    const each = names.flatMap((name) =>
      statuses.map(async (status) => {
        const webhook = aWebhook({ endpointKey: status });
        const retry = retryFor(name, { deliveryStatus: status, webhook, ...fields });
        return await all.store.schedule(retry, waitMs);
      }),
    );
    await Promise.all(each);
    if (waitMs > 0) return;
    const forMs = { $cond: [{ $eq: ['$partition', 1] }, 100_000, 1_000] };
    const nextAttemptAt = { $subtract: ['$$NOW', forMs] };
    await all.rows.updateMany({}, [{ $set: { nextAttemptAt } }]);
  }

  it('to find what is due is an index entry for each endpoint in a partition, and no row', async () => {
    await scheduleMany();
    const { store } = workerWith([0, 1, 3]);
    // Beside its own queries it is the first one that looks for odd times.
    expect((await store.dueEndpoints(0)).keys).toHaveLength(3);
    const { keys, docs } = await examined(all.rows, async () => await store.dueEndpoints(0));
    expect(docs).toBe(0);
    expect(keys).toBeGreaterThan(0);
    expect(keys).toBeLessThan(30);
  });

  it('to claim is not what others have, however many and however long due', async () => {
    await scheduleMany();
    // Whoever has the first ones may go by another index.
    for (let time = 0; time < 3; time += 1) {
      await claimUpTo(workerWith([1]).store, 5, aWebhook({ endpointKey: 'A' }));
    }
    const { store } = workerWith([0, 3]);
    const { docs } = await examined(all.rows, async () => {
      const claimed = await claimUpTo(store, 5, aWebhook({ endpointKey: 'A' }));
      expect(claimed).toHaveLength(5);
    });
    expect(docs).toBeLessThan(200);
  });

  it('to know which routes are waited for, and of what leads to an endpoint, are the rows of its own', async () => {
    await scheduleMany({ webhook: null, undecided }, HOUR_MS);
    const { store } = workerWith([0, 3]);
    const awaited = await examined(all.rows, async () => {
      expect(await store.awaitedRoutes()).toHaveLength(statuses.length);
    });
    expect(awaited.docs).toBe(2 * 50 * statuses.length);
    const leading = await examined(all.rows, async () => {
      expect(await store.routeKeysOf(NO_ENDPOINT)).toHaveLength(statuses.length);
    });
    expect(leading.docs).toBe(2 * 50 * statuses.length);
  });
});
