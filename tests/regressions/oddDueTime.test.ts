import { expect, it } from '@jest/globals';
import { stateCollections } from '../../src/mongo/database.ts';
import { createStateReaders } from '../../src/mongo/workerState.ts';
import { createMemoryLogger } from '../support/memoryLogger.ts';
import { useServers } from '../support/servers.ts';
import { untyped } from '../support/untyped.ts';

const servers = useServers(import.meta.url);

// One row whose due time was text, and nobody saw any more how long the others had been due.
it.each<readonly [string, unknown]>([
  ['text', 'soon'],
  ['null', null],
])('shows how long others are overdue beside a due time that is %s', async (_what, time) => {
  const state = stateCollections(servers().db);
  await state.retries.deleteMany({});
  await untyped(state.retries).insertMany([
    { _id: 'odd', nextAttemptAt: time },
    { _id: 'good', nextAttemptAt: new Date(0) },
  ]);
  const readers = createStateReaders({ state, rememberMs: 1, logger: createMemoryLogger() });
  expect(await readers.oldestOverdueSeconds()).toBeGreaterThan(1_000_000);
});
