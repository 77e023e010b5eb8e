import { beforeEach } from '@jest/globals';
import type { RetriesUnderTest } from '../../contract/retriesUnderTest.ts';
import { describeRetryClaims } from '../../contract/retryClaims.ts';
import { describeRetryRecheck } from '../../contract/retryRecheck.ts';
import { describeRetryRoutes } from '../../contract/retryRoutes.ts';
import { describeRetryStore } from '../../contract/retryStore.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { atOnce } from '../../support/fakePorts.ts';
import { retryOf } from '../../support/fakeRetries.ts';

let retries: RetriesUnderTest;

beforeEach(() => {
  retries = fakeRetries();
});

const underTest = (): RetriesUnderTest => retries;
describeRetryStore(underTest);
describeRetryClaims(underTest);
describeRetryRecheck(underTest);
describeRetryRoutes(underTest);

function fakeRetries(): RetriesUnderTest {
  const database = createFakeDatabase();
  const { rows } = database.retries;
  return {
    store: database.retries,
    another: () => database.seenBy(atOnce).retries,
    row(notificationId) {
      const row = rows.get(notificationId);
      if (row === undefined) return Promise.resolve(null);
      const { retry, claim, dueAtMs } = row;
      const endpointKey = retry.webhook?.endpointKey ?? '';
      const dueAt = new Date(dueAtMs);
      return Promise.resolve({ retry: retryOf(retry), endpointKey, claim, dueAt });
    },
    stored: () => Promise.resolve([...rows]),
    dueInMs: (notificationId) =>
      Promise.resolve((rows.get(notificationId)?.dueAtMs ?? Number.NaN) - Date.now()),
    makeDue(notificationId, forMs = 1_000) {
      const row = rows.get(notificationId);
      if (row === undefined) throw new Error('there is no such row');
      rows.set(notificationId, { ...row, dueAtMs: Date.now() - forMs });
      return Promise.resolve();
    },
    async remember(ending) {
      await database.end(ending);
    },
  };
}
