import { beforeEach } from '@jest/globals';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import type { RetriesUnderTest } from '../../contract/retriesUnderTest.ts';
import { describeRetryClaims } from '../../contract/retryClaims.ts';
import { describeRetryRecheck } from '../../contract/retryRecheck.ts';
import { describeRetryRoutes } from '../../contract/retryRoutes.ts';
import { describeRetryStore } from '../../contract/retryStore.ts';
import { retriesIn } from '../../support/mongoRetries.ts';
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
