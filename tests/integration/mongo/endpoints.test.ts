import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { createEndpointStore, type WatchedEndpointStore } from '../../../src/mongo/endpoints.ts';
import { aWebhook } from '../../support/builders.ts';
import { createMemoryLogger, type MemoryLogger } from '../../support/memoryLogger.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import { failureOf } from '../../support/mongoOutcomes.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { createRecordingMetrics } from '../../support/recorders.ts';
import { until } from '../../support/until.ts';

const appName = 'endpoints under test';
const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let endpoints: StateCollections['endpoints'];
let logger: MemoryLogger;
let metrics: ReturnType<typeof createRecordingMetrics>;
let abandoned: AbortController;
let store: WatchedEndpointStore;
let databases = 0;

beforeEach(() => {
  databases += 1;
  client = createMongoClient(replicaSet().uri, appName);
  ({ endpoints } = stateCollections(client.db(`endpoints_${databases}`)));
  logger = createMemoryLogger();
  metrics = createRecordingMetrics();
  abandoned = new AbortController();
  store = newStore();
});
afterEach(async () => {
  await client.close();
});

/** As another worker has it, or this one after a restart. */
function newStore(): WatchedEndpointStore {
  return createEndpointStore({ endpoints, logger, metrics, signal: abandoned.signal });
}

const webhook = aWebhook({
  displayUrl: 'https://customer.example/hook',
  endpointKey: 'endpoint-7',
});
const called = { accountId: 28, webhook };
const key = webhook.endpointKey;

describe('an endpoint', () => {
  it('is enabled while nothing is known of it, on an empty database too', async () => {
    await store.load();
    expect(store.isDisabled(key)).toBe(false);
  });

  it('is disabled at once, and after a restart', async () => {
    await store.disable(called, 'endpoint_gone');
    expect(store.isDisabled(key)).toBe(true);
    const restarted = newStore();
    expect(restarted.isDisabled(key)).toBe(false);
    await restarted.load();
    expect(restarted.isDisabled(key)).toBe(true);
  });

  it.each([
    ['whose URL was changed', 'endpoint-7-changed'],
    ['of another webhook with the same URL', 'endpoint-8'],
  ])('%s stays enabled', async (_, other) => {
    await store.disable(called, 'endpoint_gone');
    expect(store.isDisabled(other)).toBe(false);
  });

  it('is one row, however often it is disabled', async () => {
    await Promise.all([
      store.disable(called, 'endpoint_gone'),
      newStore().disable(called, 'endpoint_gone'),
    ]);
    await store.disable(called, 'endpoint_disabled');
    expect(await endpoints.countDocuments()).toBe(1);
    expect(await endpoints.findOne({})).toMatchObject({ reason: 'endpoint_disabled' });
  });
});

describe('what is stored and logged', () => {
  it('is its key, and a URL without its secrets', async () => {
    await store.disable(called, 'endpoint_gone');
    const row = await endpoints.findOne({});
    expect(row).toStrictEqual({
      _id: key,
      accountId: 28,
      webhookId: 7,
      url: 'https://customer.example/hook',
      reason: 'endpoint_gone',
      disabledAt: expect.any(Date),
    });
    const { localTime } = await client.db('admin').command({ hello: 1 });
    const age = Number(localTime) - Number(row?.['disabledAt']);
    expect(Math.abs(age)).toBeLessThan(10_000);
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        event: 'endpoint_disabled',
        fields: {
          accountId: 28,
          webhookId: 7,
          url: 'https://customer.example/hook',
          reason: 'endpoint_gone',
        },
      },
    ]);
    expect(JSON.stringify([row, logger.lines])).not.toMatch(/password|query-secret/);
  });
});

describe('a change made elsewhere', () => {
  it('is seen before long, in both directions, until the worker stops', async () => {
    await store.load();
    const stopping = new AbortController();
    const watching = store.keepFresh(stopping.signal);
    await newStore().disable(called, 'endpoint_gone');
    expect(store.isDisabled(key)).toBe(false);
    await until('it is disabled', () => store.isDisabled(key));
    await endpoints.deleteMany({});
    await until('it is enabled', () => !store.isDisabled(key));
    stopping.abort();
    await watching;
    const who = { accountId: 28, webhookId: 7, url: 'https://customer.example/hook' };
    // By the other store, and by this one.
    expect(logger.of('endpoint_disabled')).toMatchObject([{ fields: who }, { fields: who }]);
    const enabled = { fields: { ...who, wasDisabledFor: 'endpoint_gone' } };
    expect(logger.of('endpoint_enabled')).toMatchObject([enabled]);
  });

  it('is not new when the first look finds it', async () => {
    await newStore().disable(called, 'endpoint_gone');
    await store.load();
    expect(store.isDisabled(key)).toBe(true);
    expect(logger.of('endpoint_disabled')).toHaveLength(1);
  });

  it('is seen after an outage, and what is known holds meanwhile', async () => {
    await store.disable(called, 'endpoint_gone');
    const stopping = new AbortController();
    const watching = store.keepFresh(stopping.signal);
    const struck = { appName, commands: ['find'] };
    const failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
    await expect(store.load()).rejects.toMatchObject({ code: 50 });
    await endpoints.deleteMany({});
    expect(store.isDisabled(key)).toBe(true);
    expect(await failing.lift()).toBeGreaterThan(0);
    await until('it is enabled', () => !store.isDisabled(key));
    stopping.abort();
    await watching;
  });

  it('that is being read does not hide what is disabled meanwhile', async () => {
    const toArray = async (): Promise<readonly object[]> => {
      const read = await endpoints.find({}).toArray();
      await store.disable(called, 'endpoint_gone');
      return read;
    };
    const find = jest.spyOn(endpoints, 'find').mockReturnValueOnce({ toArray } as never);
    await store.load();
    expect(find).toHaveBeenCalledTimes(3);
    expect(store.isDisabled(key)).toBe(true);
  });
});

describe('disabling that fails for now', () => {
  it.each([
    ['not done', { errorCode: 189 }],
    ['not done, and not tried again by the driver', { errorCode: 50 }],
    ['done, but not acknowledged', { writeConcernError: { code: 64, errmsg: 'waiting' } }],
    ['the connection is lost', { closeConnection: true }],
  ] as const)('is made again: %s', async (_, fault) => {
    const struck = { appName, commands: ['update'], times: 2 };
    const failing = await failCommands(replicaSet().admin, struck, fault);
    await store.disable(called, 'endpoint_gone');
    expect(await failing.lift()).toBe(2);
    expect(await endpoints.countDocuments()).toBe(1);
    expect(logger.of('endpoint_disabled')).toHaveLength(1);
  });

  it('is given up when the time is up', async () => {
    const struck = { appName, commands: ['update'] };
    await using _failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
    const failure = failureOf(store.disable(called, 'endpoint_gone'));
    await until('it was tried', () => logger.lines.length > 0);
    abandoned.abort(new Error('the time is up'));
    expect(await failure).toMatchObject({ message: 'the time is up' });
    expect(store.isDisabled(key)).toBe(false);
  });
});
