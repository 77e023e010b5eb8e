import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import {
  ensureStateCollections,
  stateCollections,
  type StateCollections,
} from '../../../src/mongo/stateCollections.ts';
import { createStateReaders, type StateReaders } from '../../../src/mongo/stateReaders.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { claimUpTo, createRetries, parkable, type Retries } from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';
import { until } from '../../support/until.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let state: StateCollections;
let retries: Retries;
let readers: StateReaders;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'gauges under test');
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  const { database, db } = servers();
  await db.dropDatabase();
  state = stateCollections(client.db(database));
  await ensureStateCollections(state);
  retries = createRetries(client, database);
  readers = createStateReaders({ state, rememberMs: 1, logger: createMemoryLogger() });
});

/** Moves when a row is due, or its claim runs out, to so long before the server's now. */
async function dueSince(id: string, ms: number): Promise<void> {
  await state.retries.updateOne({ _id: `${id}:DELIVERED` }, [
    { $set: { nextAttemptAt: { $subtract: ['$$NOW', ms] } } },
  ]);
}

describe('an empty state', () => {
  it('has nothing pending, overdue or disabled, and no checkpoint', async () => {
    expect(await readers.retriesPending()).toBe(0);
    expect(await readers.oldestOverdueSeconds()).toBe(0);
    expect(await readers.endpointsDisabled()).toBe(0);
    expect(await readers.checkpointAt()).toBeNull();
  });

  it('may lack its collections altogether', async () => {
    await servers().db.dropDatabase();
    expect(await readers.retriesPending()).toBe(0);
    expect(await readers.oldestOverdueSeconds()).toBe(0);
    expect(await readers.endpointsDisabled()).toBe(0);
  });
});

describe('what is pending', () => {
  it('is every row, whether due, waiting or claimed', async () => {
    await retries.store.park(parkable('due'), 0);
    await retries.store.park(parkable('waits'), 60_000);
    await retries.store.parkClaimed(parkable('claimed'));
    expect(await readers.retriesPending()).toBe(3);
  });

  it('is counted also beyond what is counted one by one', async () => {
    const rows = Array.from({ length: 10_001 }, (_, index) => ({ _id: `row-${index}` }));
    await state.retries.insertMany(rows);
    expect(await readers.retriesPending()).toBe(10_001);
  });
});

describe('what is overdue', () => {
  it('is nothing while every row waits or is claimed', async () => {
    await retries.store.park(parkable('waits'), 60_000);
    await retries.store.parkClaimed(parkable('claimed'));
    expect(await readers.oldestOverdueSeconds()).toBe(0);
  });

  it("is told of the oldest row that is due, in seconds by the server's clock", async () => {
    await retries.store.park(parkable('waits'), 60_000);
    await retries.store.park(parkable('older'), 60_000);
    await retries.store.park(parkable('newer'), 60_000);
    await dueSince('older', 90_500);
    await dueSince('newer', 30_000);
    const before = await readers.oldestOverdueSeconds();
    expect(before).toBeGreaterThanOrEqual(90.5);
    expect(before).toBeLessThanOrEqual(-(await retries.dueInMs('older:DELIVERED')) / 1_000);
    await until('it has grown', async () => (await readers.oldestOverdueSeconds()) > before);
  });

  it('counts a claim that ran out, and no more once the row is claimed again', async () => {
    await retries.store.parkClaimed(parkable('claimed'));
    await dueSince('claimed', 45_000);
    expect(await readers.oldestOverdueSeconds()).toBeGreaterThanOrEqual(45);
    expect(await claimUpTo(retries.store, 1)).toHaveLength(1);
    expect(await readers.oldestOverdueSeconds()).toBe(0);
  });
});

describe('what is disabled', () => {
  it('is every endpoint with a row', async () => {
    await state.endpoints.insertMany([{ _id: 'a' }, { _id: 'b' }]);
    expect(await readers.endpointsDisabled()).toBe(2);
  });
});

describe('the checkpoint', () => {
  it('is where the row says, whoever wrote it', async () => {
    const wallTime = new Date('2023-10-19T06:29:12.408Z');
    await state.checkpoints.insertOne({ _id: '0', wallTime, owner: 'another' });
    expect(await readers.checkpointAt()).toEqual(wallTime);
  });

  it('is not known when its row is damaged', async () => {
    await state.checkpoints.insertOne({ _id: '0', wallTime: 'yesterday' });
    expect(await readers.checkpointAt()).toBeNull();
  });
});
