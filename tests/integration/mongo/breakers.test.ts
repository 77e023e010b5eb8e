import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { findBlockedEndpoints, readBlockedEndpoints } from '../../../src/mongo/blockedEndpoints.ts';
import {
  createBreakerViews,
  findOpenBreakers,
  type WrittenBreakerViews,
} from '../../../src/mongo/breakers.ts';
import { limits } from '../../../src/mongo/calls.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { createDisabledEndpoints, createEndpointStore } from '../../../src/mongo/endpoints.ts';
import { createLeaseStore } from '../../../src/mongo/leases.ts';
import type { BreakerView } from '../../../src/ports/endpoints.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aWebhook } from '../../support/builders.ts';
import { createMemoryLogger, type MemoryLogger } from '../../support/memoryLogger.ts';
import { failCommands, type CommandFault } from '../../support/mongoFaults.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { createRecordingMetrics } from '../../support/recorders.ts';
import { until } from '../../support/until.ts';

const appName = 'breakers under test';
const replicaSet = usePrivateReplicaSet();
const lasting = 60_000;
let client: MongoClient;
let state: StateCollections;
let logger: MemoryLogger;
let databases = 0;
const running: { stop(): Promise<void> }[] = [];

beforeEach(() => {
  databases += 1;
  client = createMongoClient(replicaSet().uri, appName);
  state = stateCollections(client.db(`breakers_${databases}`));
  logger = createMemoryLogger();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(async ({ stop }) => await stop()));
  await client.close();
});

interface Term extends WrittenBreakerViews {
  /** Ends without a word, as a killed process would: the lease runs out by itself. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** A worker's term, from the lease on. */
async function begin(worker: string, ttlMs = lasting): Promise<Term> {
  const leases = createLeaseStore({ ...state, owner: worker, ttlMs });
  const lease = await until('it has the lease', async () => await leases.acquire());
  const writer = { worker, epoch: lease.epoch };
  const views = createBreakerViews({ ...state, writer, logger });
  const stopping = new AbortController();
  const written = views.keepWritten(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort(new Stopping());
    await written;
  };
  running.push({ stop });
  return {
    ...views,
    stop,
    async kill() {
      const rows = await state.endpoints.find({}).toArray();
      await stop();
      if (rows.length > 0) await state.endpoints.insertMany(rows);
    },
  };
}

function aBreaker(endpointKey = 'key', fields: Partial<BreakerView> = {}): BreakerView {
  return {
    accountId: 28,
    webhook: aWebhook({ endpointKey }),
    since: new Date('2026-01-31T10:00:00Z'),
    failures: 10,
    lastStatusCode: 503,
    lastError: null,
    nextProbeAt: new Date('2026-01-31T10:00:30Z'),
    ...fields,
  };
}

const seen = async () => [...(await readBlockedEndpoints(state)).values()];
const keys = async () => (await seen()).map(({ endpoint }) => endpoint);

describe('a breaker that is shown', () => {
  it('is seen with all that people need, and nothing that is secret', async () => {
    const term = await begin('host:1');
    term.show(aBreaker());
    await until('it is seen', async () => (await seen()).length === 1);
    expect(await seen()).toEqual([
      {
        kind: 'breaker_open',
        endpoint: 'key',
        accountId: 28,
        webhookId: 7,
        url: 'https://customer.example/hook',
        since: new Date('2026-01-31T10:00:00Z'),
        failures: 10,
        lastStatusCode: 503,
        lastError: null,
        nextProbeAt: new Date('2026-01-31T10:00:30Z'),
        worker: 'host:1',
        waiting: 0,
      },
    ]);
    expect(JSON.stringify(await state.endpoints.findOne({}))).not.toMatch(/secret/);
    expect(logger.lines).toEqual([]);
  });

  it('is shown as it is now, until it is taken back', async () => {
    const term = await begin('host:1');
    term.show(aBreaker());
    term.show(aBreaker('key', { failures: 11 }));
    term.show(aBreaker('other'));
    await until('both are seen', async () => (await seen()).length === 2);
    expect((await seen()).find(({ endpoint }) => endpoint === 'key')).toMatchObject({
      failures: 11,
    });
    term.remove('key');
    term.remove('never shown');
    await until('one is seen', async () => (await keys()).join() === 'other');
  });

  it('is no disabled endpoint to a worker, a gauge or a command', async () => {
    const term = await begin('host:1');
    term.show(aBreaker());
    await until('it is seen', async () => (await seen()).length === 1);
    const store = createEndpointStore({
      endpoints: state.endpoints,
      logger,
      metrics: createRecordingMetrics(),
      signal: new AbortController().signal,
    });
    await store.load();
    expect(store.isDisabled('key')).toBe(false);
    const disabled = createDisabledEndpoints(state.endpoints);
    expect(await disabled.list()).toEqual([]);
    expect(await disabled.enable('7')).toBe(0);
    expect(await keys()).toEqual(['key']);
    expect(await findBlockedEndpoints(state, limits.gauge)).toEqual(['key']);
  });

  it('of very many is shown with the others', async () => {
    const term = await begin('host:1');
    for (let index = 0; index < 1_200; index += 1) term.show(aBreaker(`key-${index}`));
    await until('all are seen', async () => (await seen()).length === 1_200);
    expect(logger.lines).toEqual([]);
  });
});

describe('what a worker has left', () => {
  it('is nothing after a clean stop', async () => {
    const term = await begin('host:1');
    term.show(aBreaker());
    await until('it is seen', async () => (await seen()).length === 1);
    await term.stop();
    await until('it is gone', async () => (await state.endpoints.countDocuments()) === 0);
    expect(logger.lines).toEqual([]);
  });

  it('is void when its lease has run out, though nobody has taken over', async () => {
    const term = await begin('host:1', 2_000);
    term.show(aBreaker());
    await until('it is seen', async () => (await seen()).length === 1);
    await term.kill();
    await until('it is not seen', async () => (await seen()).length === 0);
    expect(await state.endpoints.countDocuments()).toBe(1);
  });

  it.each([
    ['another name', 'host:2'],
    ['the same name', 'host:1'],
  ])('is not its successor’s, of %s, and goes', async (_what, name) => {
    const killed = await begin('host:1', 1_000);
    killed.show(aBreaker('old'));
    await until('it is seen', async () => (await seen()).length === 1);
    await killed.kill();
    const successor = await begin(name);
    expect(await keys()).toEqual([]);
    await until('it is gone', async () => (await state.endpoints.countDocuments()) === 0);
    successor.show(aBreaker('new'));
    await until('its own is seen', async () => (await keys()).join() === 'new');
  });

  it('is void though it is written late, and takes nothing from its successor', async () => {
    const frozen = await begin('host:1', 1_000);
    const successor = await begin('host:2');
    successor.show(aBreaker('new'));
    await until('it is seen', async () => (await keys()).join() === 'new');
    frozen.show(aBreaker('old'));
    await until('it is written', async () => (await state.endpoints.countDocuments()) === 2);
    expect(await keys()).toEqual(['new']);
    await frozen.stop();
    await until('it is gone', async () => (await state.endpoints.countDocuments()) === 1);
    expect(await keys()).toEqual(['new']);
  });

  it('is void a while after it was last heard of', async () => {
    const term = await begin('host:1');
    term.show(aBreaker());
    await until('it is seen', async () => (await seen()).length === 1);
    await state.endpoints.updateMany({}, [{ $set: { until: '$$NOW' } }]);
    expect(await findOpenBreakers(state, limits.gauge)).toEqual([]);
  });
});

describe('a write that fails', () => {
  it.each<readonly [string, CommandFault]>([
    ['refused', { errorCode: 50 }],
    ['a failover', { errorCode: 10107 }],
    ['no right to', { errorCode: 13 }],
    ['the connection is lost', { closeConnection: true }],
  ])('holds up nobody, and is made up for: %s', async (_what, fault) => {
    const term = await begin('host:1');
    const struck = { appName, commands: ['update', 'delete'] };
    const failing = await failCommands(replicaSet().admin, struck, fault);
    term.show(aBreaker());
    term.show(aBreaker('closed'));
    await until('it was tried', () => logger.lines.length > 0);
    term.remove('closed');
    term.show(aBreaker('key', { failures: 12 }));
    expect(await failing.lift()).toBeGreaterThan(0);
    await until('it is seen', async () => (await seen()).length === 1);
    expect(await seen()).toMatchObject([{ endpoint: 'key', failures: 12 }]);
    // Told of once: nothing depends on it.
    const what = 'breakers';
    expect(logger.lines).toMatchObject([
      { level: 'warn', event: 'database_retry', fields: { what } },
    ]);
  });

  it('for good is reported once, and keeps no stop waiting', async () => {
    const { dbName } = state.endpoints;
    const validator = { kind: { $ne: 'breaker' } };
    await client.db(dbName).createCollection(state.endpoints.collectionName, { validator });
    const term = await begin('host:1');
    term.show(aBreaker());
    await until('it was tried', () => logger.lines.length > 0);
    const askedAt = performance.now();
    await term.stop();
    process.stdout.write(`the stop took ${Math.round(performance.now() - askedAt)} ms\n`);
    expect(logger.lines).toHaveLength(1);
    expect(await state.endpoints.countDocuments()).toBe(0);
  });
});
