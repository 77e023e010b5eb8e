import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { createEndpointStatsStore } from '../../../src/mongo/endpointStats.ts';
import { createEndpointCounts } from '../../../src/observability/endpointCounts.ts';
import { createStatisticsWriter } from '../../../src/observability/keepStatistics.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aCalled, answered } from '../../support/builders.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { failCommands, type CommandFault } from '../../support/mongoFaults.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { until } from '../../support/until.ts';

const appName = 'statistics under test';
const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let state: StateCollections;
let databases = 0;

beforeEach(() => {
  databases += 1;
  client = createMongoClient(replicaSet().uri, appName);
  state = stateCollections(client.db(`statistics_${databases}`));
});
afterEach(async () => {
  await client.close();
});

async function callsWritten(): Promise<number> {
  const row = await state.endpointStats.findOne({ of: 'all' }, { readConcern: { level: 'local' } });
  return row?.calls ?? 0;
}

it.each<readonly [string, CommandFault]>([
  ['it is refused', { errorCode: 50 }],
  ['a failover', { errorCode: 10107 }],
  ['the connection is lost', { closeConnection: true }],
  [
    'it is written, and the answer is an error',
    { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } },
  ],
])('a write that fails loses nothing and counts nothing twice: %s', async (_what, fault) => {
  // Within one span, whenever the test runs.
  const counts = createEndpointCounts(() => Date.UTC(2026, 0, 31));
  const logger = createMemoryLogger();
  const store = createEndpointStatsStore(state);
  const writer = createStatisticsWriter({ counts, store, logger, writeEveryMs: 20 });
  const stopping = new AbortController();
  const struck = { appName, commands: ['update'] };
  const failing = await failCommands(replicaSet().admin, struck, fault);
  const running = writer.keepWritten(stopping.signal);
  counts.attempted(aCalled(), answered(200));
  await until('it was tried', () => logger.of('database_retry').length > 0);
  counts.attempted(aCalled(), answered(200));
  expect(await failing.lift()).toBeGreaterThan(0);
  await until('it is written', async () => (await callsWritten()) >= 2);
  counts.attempted(aCalled(), answered(200));
  stopping.abort(new Stopping());
  await running;
  await writer.writeLast(new AbortController().signal);
  expect(await callsWritten()).toBe(3);
  expect(logger.lines).toHaveLength(1);
});
