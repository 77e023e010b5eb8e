import { beforeEach } from '@jest/globals';
import { smsKey } from '../../../src/domain/ids.ts';
import { describeLookups } from '../../contract/lookups.ts';
import type { MemoryUnderTest } from '../../contract/memoryUnderTest.ts';
import { describeOutcomeStore } from '../../contract/outcomeStore.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';

let memory: MemoryUnderTest;

beforeEach(() => {
  const database = createFakeDatabase();
  const { rows } = database.retries;
  memory = {
    lookups: database,
    outcomes: database,
    retries: database.retries,
    addSms(documents) {
      for (const document of documents)
        database.documents.set(smsKey(document['_id'] ?? null) ?? '', document);
      return Promise.resolve();
    },
    makeDue(notificationId) {
      const row = rows.get(notificationId);
      if (row === undefined) throw new Error('there is no such row');
      rows.set(notificationId, { ...row, dueAtMs: Date.now() - 1_000 });
      return Promise.resolve();
    },
  };
});

describeLookups(() => memory);
describeOutcomeStore(() => memory);
