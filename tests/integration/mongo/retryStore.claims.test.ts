import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document, MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import type { ClaimedRetry } from '../../../src/ports/retries.ts';
import { createRetries, type Retries } from '../../support/mongoRetries.ts';
import { mongoClientFor, useServers } from '../../support/servers.ts';
import {
  briefLog,
  claimUpTo,
  idsOfClaimed,
  newClaim,
  otherWebhook,
  retryFor,
  storedRetryOf,
} from '../../support/someRetries.ts';
import { until } from '../../support/until.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let retries: Retries;

beforeAll(async () => {
  client = createMongoClient(servers().mongodbUri, 'claims under test');
  await ensureStateCollections(stateCollections(client.db(servers().database)));
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  const { retries: rows, sent } = stateCollections(client.db(servers().database));
  await Promise.all([rows.deleteMany({}), sent.deleteMany({})]);
  retries = newWorker('worker-1');
});

function newWorker(workerId: string, claimMs = 60_000): Retries {
  return createRetries(client, servers().database, { workerId, claimMs });
}

/** Rows `sms-0`, `sms-1`, …, due in this order a second apart, the last a minute ago. */
async function addDueRows(count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => `sms-${index}:DELIVERED`);
  const shuffled = ids.map((id, index) => ids[(index * 7) % count] ?? id);
  await Promise.all(shuffled.map(async (id) => await retries.store.schedule(retriesOf(id), 0)));
  const overdueMs = (index: number): number => 60_000 + (count - index) * 1_000;
  const updates = ids.map((_id, index) => {
    const nextAttemptAt = { $subtract: ['$$NOW', overdueMs(index)] };
    return { updateOne: { filter: { _id }, update: [{ $set: { nextAttemptAt } }] } };
  });
  await retries.rows.bulkWrite(updates);
  return ids;
}

function retriesOf(id: string) {
  return retryFor(id.split(':')[0] ?? '');
}

describe('claiming what is due', () => {
  it('finds the endpoints with something due by one index entry each, however many rows they have', async () => {
    await addDueRows(200);
    await retries.store.schedule({ ...retryFor('elsewhere'), webhook: otherWebhook }, 0);
    const commands: Document[] = [];
    await using watched = await mongoClientFor(servers().mongodbUri, { monitorCommands: true });
    watched.on('commandStarted', ({ command }) => void commands.push(command));
    await createRetries(watched, servers().database).store.dueEndpoints(2_000);
    const { aggregate, pipeline } = commands.find((command) => 'aggregate' in command) ?? {};
    const command = { explain: { aggregate, pipeline, cursor: {} }, verbosity: 'executionStats' };
    const explained = JSON.stringify(await retries.rows.db.command(command));
    expect(explained).toContain('DISTINCT_SCAN');
    expect(explained).toMatch(/"totalKeysExamined":2,/);
  });

  it('names the worker, and holds for a while', async () => {
    await addDueRows(1);
    const [claimed] = await claimUpTo(newWorker('worker-2').store, 1);
    expect(claimed?.retry).toStrictEqual(
      storedRetryOf({ ...retryFor('sms-0'), ...acceptedOf(claimed) }),
    );
    expect(await retries.row('sms-0:DELIVERED')).toMatchObject({
      claim: { by: 'worker-2', token: claimed?.token },
    });
    const dueInMs = await retries.dueInMs('sms-0:DELIVERED');
    expect(dueInMs).toBeGreaterThan(50_000);
    expect(dueInMs).toBeLessThanOrEqual(60_000);
  });

  it('finds what is due by an index, whatever else there is', async () => {
    const commands: Document[] = [];
    const watched = await mongoClientFor(servers().mongodbUri, { monitorCommands: true });
    watched.on('commandStarted', ({ command }) => void commands.push(command));
    try {
      await claimUpTo(createRetries(watched, servers().database).store, 10);
      const find = commands.find((command) => command['find'] === retries.rows.collectionName);
      const { filter, sort, limit } = find ?? {};
      const plan = await retries.rows
        .find(filter as Document)
        .sort(sort as Document)
        .limit(Number(limit))
        .explain('queryPlanner');
      expect(JSON.stringify(plan)).toContain('"indexName":"nextAttemptAt_1"');
      expect(JSON.stringify(plan)).not.toContain('"stage":"SORT"');
    } finally {
      await watched.close();
    }
  });

  it('goes on where it ended, but where that brings too few, finds what is due since before', async () => {
    const ids = await addDueRows(5);
    const filters: Document[] = [];
    await using watched = await mongoClientFor(servers().mongodbUri, { monitorCommands: true });
    watched.on('commandStarted', ({ command }) => {
      if ('sort' in command) filters.push(command['filter'] as Document);
    });
    const { store } = createRetries(watched, servers().database);
    expect(idsOfClaimed(await claimUpTo(store, 2))).toEqual(ids.slice(0, 2));
    expect(idsOfClaimed(await claimUpTo(store, 2))).toEqual(ids.slice(2, 4));
    expect(filters[0]).not.toHaveProperty('nextAttemptAt');
    expect(filters[1]).toMatchObject({ nextAttemptAt: { $gte: expect.any(Date) } });
    await retries.store.schedule(retriesOf('early:DELIVERED'), 0);
    await retries.rows.updateOne({ sms: 'early' }, { $set: { nextAttemptAt: new Date(0) } });
    expect(idsOfClaimed(await claimUpTo(store, 2))).toEqual(['early:DELIVERED', ids[4]]);
  });
});

function acceptedOf(claimed: ClaimedRetry | undefined): { acceptedAt: Date } {
  return { acceptedAt: claimed?.retry.acceptedAt ?? new Date(0) };
}

describe('a claim that has run out', () => {
  it('goes to the next who asks, and its former owner writes nothing more', async () => {
    const slow = newWorker('slow', 1);
    const lost = await newClaim(slow.store, retryFor('sms-1'));
    const claimed = await until('the claim has run out', async () => {
      const [first] = await claimUpTo(retries.store, 10);
      return first;
    });
    expect(claimed.token).not.toBe(lost);
    const before = await retries.row('sms-1:DELIVERED');
    expect(before).toMatchObject({ claim: { by: 'worker-1', token: claimed.token } });
    expect(await slow.store.beginAttempt('sms-1:DELIVERED', lost, briefLog)).toBe('lost');
    expect(await slow.store.release('sms-1:DELIVERED', lost, null, 0)).toBe('lost');
    expect(await slow.store.scheduleClaimed(retryFor('sms-1'))).toBe('taken');
    expect(await retries.row('sms-1:DELIVERED')).toEqual(before);
  });

  it('goes on to hold while nobody else has asked', async () => {
    const slow = newWorker('slow', 1);
    const claim = await newClaim(slow.store, retryFor('sms-1'));
    await until(
      'the claim has run out',
      async () => (await retries.dueInMs('sms-1:DELIVERED')) < 0,
    );
    expect(await slow.store.beginAttempt('sms-1:DELIVERED', claim, briefLog)).toBe('begun');
  });
});
