import { beforeEach } from '@jest/globals';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createLookups } from '../../../src/mongo/lookups.ts';
import { describeLookups } from '../../contract/lookups.ts';
import type { MemoryUnderTest } from '../../contract/memoryUnderTest.ts';
import { describeOutcomeStore } from '../../contract/outcomeStore.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { createOutcomes } from '../../support/mongoOutcomes.ts';
import { createRetries } from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
let memory: MemoryUnderTest;

beforeEach(async () => {
  const { mongo, database, db } = servers();
  const state = stateCollections(db);
  const { sms, store: outcomes } = createOutcomes(mongo, database);
  const rows = [sms, state.sent, state.retries];
  await Promise.all(rows.map(async (each) => await each.deleteMany({})));
  const { signal } = new AbortController();
  memory = {
    lookups: createLookups({ sms, state, logger: createMemoryLogger(), signal }),
    outcomes,
    retries: createRetries(mongo, database).store,
    async addSms(documents) {
      await sms.insertMany(documents);
    },
    async makeDue(_id) {
      const past = { $subtract: ['$$NOW', 1_000] };
      await state.retries.updateOne({ _id }, [{ $set: { nextAttemptAt: past } }]);
    },
  };
});

describeLookups(() => memory);
describeOutcomeStore(() => memory);
