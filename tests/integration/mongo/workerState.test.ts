import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document, MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { createStateReaders } from '../../../src/mongo/workerState.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { createRetries, type Retries } from '../../support/mongoRetries.ts';
import { mongoClientFor, useServers } from '../../support/servers.ts';
import { claimUpTo, retryFor } from '../../support/someRetries.ts';
import { until } from '../../support/until.ts';
import { untyped } from '../../support/untyped.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let state: StateCollections;
let retries: Retries;
let readers: ReturnType<typeof createStateReaders>;

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
    await retries.store.schedule(retryFor('due'), 0);
    await retries.store.schedule(retryFor('waits'), 60_000);
    await retries.store.scheduleClaimed(retryFor('claimed'));
    expect(await readers.retriesPending()).toBe(3);
  });

  it('is counted also beyond what is counted one by one', async () => {
    const rows = Array.from({ length: 10_001 }, (_, index) => ({ _id: `row-${index}` }));
    await untyped(state.retries).insertMany(rows);
    expect(await readers.retriesPending()).toBe(10_001);
  });
});

describe('what is overdue', () => {
  it('is nothing while every row waits or is claimed', async () => {
    await retries.store.schedule(retryFor('waits'), 60_000);
    await retries.store.scheduleClaimed(retryFor('claimed'));
    expect(await readers.oldestOverdueSeconds()).toBe(0);
  });

  it("is reported the oldest row that is due, in seconds by the server's clock", async () => {
    await retries.store.schedule(retryFor('waits'), 60_000);
    await retries.store.schedule(retryFor('older'), 60_000);
    await retries.store.schedule(retryFor('newer'), 60_000);
    await dueSince('older', 90_500);
    await dueSince('newer', 30_000);
    const before = await readers.oldestOverdueSeconds();
    expect(before).toBeGreaterThanOrEqual(90.5);
    expect(before).toBeLessThanOrEqual(-(await retries.dueInMs('older:DELIVERED')) / 1_000);
    await until('it has grown', async () => (await readers.oldestOverdueSeconds()) > before);
  });

  it('counts a claim that ran out, and no more once the row is claimed again', async () => {
    await retries.store.scheduleClaimed(retryFor('claimed'));
    await dueSince('claimed', 45_000);
    expect(await readers.oldestOverdueSeconds()).toBeGreaterThanOrEqual(45);
    expect(await claimUpTo(retries.store, 1)).toHaveLength(1);
    expect(await readers.oldestOverdueSeconds()).toBe(0);
  });
});

describe('what could not be called', () => {
  /** Beside the endpoint of all others. */
  const elsewhere = (id: string) => {
    const webhook = { webhookId: 8, displayUrl: 'https://b.example/', endpointKey: 'elsewhere' };
    return { ...retryFor(id), webhook };
  };
  const nowhere = (id: string) => ({
    ...{ ...retryFor(id), webhook: null },
    undecided: { isStale: false, lookUps: 1 },
  });
  const key = String(retryFor('any').webhook?.endpointKey);
  const inAnHour = new Date(Date.now() + 3_600_000);
  const lease = { _id: '0', owner: 'host:1', epoch: 3, until: inAnHour };
  const breaker = { kind: 'breaker', endpoint: key, epoch: 3, until: inAnHour };

  beforeEach(async () => {
    for (const id of ['a', 'b', 'c']) await retries.store.schedule(retryFor(id), 60_000);
    await retries.store.schedule(elsewhere('d'), 60_000);
    await retries.store.schedule(nowhere('e'), 60_000);
    for (const id of ['a', 'b', 'e']) await dueSince(id, 500_000);
    await dueSince('d', 20_000);
    await state.leases.insertOne(lease);
  });

  it('is what leads to an open breaker, due or not, and that is not overdue', async () => {
    await untyped(state.endpoints).insertOne({ _id: 'breaker:3:a', ...breaker });
    expect(await readers.retriesBlocked()).toBe(3);
    const overdue = await readers.oldestOverdueSeconds();
    expect(overdue).toBeGreaterThanOrEqual(20);
    expect(overdue).toBeLessThan(500);
    expect(await readers.endpointsDisabled()).toBe(0);
  });

  it('is what leads to a disabled endpoint', async () => {
    await untyped(state.endpoints).insertMany([{ _id: key }, { _id: 'elsewhere' }]);
    expect(await readers.retriesBlocked()).toBe(4);
    expect(await readers.oldestOverdueSeconds()).toBe(0);
  });

  it.each([
    ['of an earlier term', { epoch: 2 }],
    ['not heard of any more', { until: new Date(0) }],
  ])('is not what a breaker says that is void: %s', async (_what, fields) => {
    await untyped(state.endpoints).insertOne({ _id: 'breaker:3:a', ...breaker, ...fields });
    expect(await readers.retriesBlocked()).toBe(0);
    expect(await readers.oldestOverdueSeconds()).toBeGreaterThanOrEqual(500);
  });

  it('is not overdue while nobody knows where it leads', async () => {
    await state.retries.deleteMany({ _id: { $ne: 'e:DELIVERED' } });
    expect(await readers.oldestOverdueSeconds()).toBe(0);
  });

  it('is found by one index entry for each endpoint, and counted by the index alone', async () => {
    const rows = Array.from({ length: 2_000 }, (_, index) => ({
      ...{ _id: `row-${index}`, endpoint: key, nextAttemptAt: new Date(index) },
    }));
    await untyped(state.retries).insertMany(rows);
    await untyped(state.endpoints).insertOne({ _id: 'breaker:3:a', ...breaker });
    const commands: Document[] = [];
    const { mongodbUri, database } = servers();
    await using watched = await mongoClientFor(mongodbUri, { monitorCommands: true });
    watched.on('commandStarted', ({ command }) => void commands.push(command));
    const options = { state: stateCollections(watched.db(database)), rememberMs: 1 };
    const watchedReaders = createStateReaders({ ...options, logger: createMemoryLogger() });
    await watchedReaders.oldestOverdueSeconds();
    await watchedReaders.retriesBlocked();
    const ofRetries = commands.filter((each) => each['aggregate'] === state.retries.collectionName);
    const [overdue, blocked] = await Promise.all(
      ofRetries.map(async ({ aggregate, pipeline }) => {
        const explain = { aggregate, pipeline, cursor: {} };
        const command = { explain, verbosity: 'executionStats' };
        return JSON.stringify(await state.retries.db.command(command));
      }),
    );
    expect(overdue).toContain('DISTINCT_SCAN');
    expect(overdue).toMatch(/"totalKeysExamined":\d,/);
    expect(blocked).toMatch(/"totalDocsExamined":0,/);
  });
});

describe('what is disabled', () => {
  it('is every endpoint with a row', async () => {
    await untyped(state.endpoints).insertMany([{ _id: 'a' }, { _id: 'b' }]);
    expect(await readers.endpointsDisabled()).toBe(2);
  });
});

describe('the checkpoint', () => {
  it('is where the row says, whoever wrote it', async () => {
    const wallTime = new Date('2023-10-19T06:29:12.408Z');
    await state.checkpoints.insertOne({ _id: '0', wallTime, owner: 'another' } as never);
    expect(await readers.checkpointAt()).toEqual(wallTime);
  });

  it('is not known when its row is damaged', async () => {
    await state.checkpoints.insertOne({ _id: '0', wallTime: 'yesterday' } as never);
    expect(await readers.checkpointAt()).toBeNull();
  });
});
