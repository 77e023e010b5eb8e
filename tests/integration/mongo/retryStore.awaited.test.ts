import { beforeEach, describe, expect, it } from '@jest/globals';
import type { RouteKey } from '../../../src/domain/route.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { NO_ENDPOINT } from '../../../src/ports/retries.ts';
import { createRetries, type Retries } from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';
import { retryFor } from '../../support/someRetries.ts';

const servers = useServers(import.meta.url);
const HOUR_MS = 3_600_000;
const key: RouteKey = { accountId: 28, flowId: 200, deliveryStatus: 'DELIVERED' };
let retries: Retries;

beforeEach(async () => {
  const { mongo, database, db } = servers();
  await db.dropDatabase();
  await ensureStateCollections(stateCollections(db));
  retries = createRetries(mongo, database);
});

async function wait(name: string, { isStale = false, accountId = 28, inMs = HOUR_MS } = {}) {
  const undecided = { isStale, lookUps: 9 };
  await retries.store.schedule(
    retryFor(name, { ...key, accountId, webhook: null, undecided }),
    inMs,
  );
}

describe('rows that wait for their route', () => {
  it('are found by an index, however many others there are', async () => {
    for (let index = 0; index < 20; index += 1) await wait(`sms-${index}`, { accountId: index });
    const explained = await retries.rows
      .find({ endpoint: NO_ENDPOINT, ...key, accountId: 7 })
      .explain('executionStats');
    expect(explained['executionStats']).toMatchObject({ totalDocsExamined: 1 });
  });
});
