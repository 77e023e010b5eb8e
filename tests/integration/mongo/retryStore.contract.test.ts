import { beforeEach } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { readRetryRow } from '../../../src/mongo/retryRow.ts';
import type { RetriesUnderTest } from '../../contract/retriesUnderTest.ts';
import { describeRetryClaims } from '../../contract/retryClaims.ts';
import { describeRetryRecheck } from '../../contract/retryRecheck.ts';
import { describeRetryRoutes } from '../../contract/retryRoutes.ts';
import { describeRetryStore } from '../../contract/retryStore.ts';
import { createRetries } from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
let retries: RetriesUnderTest;

beforeEach(async () => {
  const { mongo, database, db } = servers();
  const { retries: rows, sent } = stateCollections(db);
  await Promise.all([rows.deleteMany({}), sent.deleteMany({})]);
  await ensureStateCollections(stateCollections(db));
  retries = retriesIn(mongo, database);
});

const underTest = (): RetriesUnderTest => retries;
describeRetryStore(underTest);
describeRetryClaims(underTest);
describeRetryRecheck(underTest);
describeRetryRoutes(underTest);

function retriesIn(client: MongoClient, database: string): RetriesUnderTest {
  const { store, rows, ledger, dueInMs } = createRetries(client, database);
  return {
    store,
    another: () => createRetries(client, database, { workerId: 'worker-2' }).store,
    async row(notificationId) {
      const row = await rows.findOne({ _id: notificationId });
      if (row === null) return null;
      const read = await readRetryRow(row);
      if ('problem' in read) throw new Error(read.problem);
      const { endpoint: endpointKey, claim, nextAttemptAt: dueAt } = row;
      return { retry: read.retry, endpointKey, claim: claim?.token ?? null, dueAt };
    },
    stored: async () => await rows.find().sort({ _id: 1 }).toArray(),
    dueInMs,
    async makeDue(notificationId, forMs = 1_000) {
      const nextAttemptAt = { $subtract: ['$$NOW', forMs] };
      await rows.updateOne({ _id: notificationId }, [{ $set: { nextAttemptAt } }]);
    },
    async remember(ending) {
      await ledger.add([ending]);
    },
  };
}
