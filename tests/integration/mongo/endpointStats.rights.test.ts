import { describe, expect, it } from '@jest/globals';
import type { CountedSpan } from '../../../src/domain/countedSpan.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { createEndpointStatsStore, findAllSpans } from '../../../src/mongo/endpointStats.ts';
import { ensureStatsIndexes } from '../../../src/mongo/indexes.ts';
import { preflight } from '../../../src/mongo/preflight.ts';
import { readDocumentedRole } from '../../support/documentedRole.ts';
import { useGuardedReplicaSet, type Privilege } from '../../support/mongoUsers.ts';

const guarded = useGuardedReplicaSet();
const { needed, optional } = readDocumentedRole();
const COLLECTION = 'notify_on_delivery_endpoint_stats';
const unauthorized = { code: 13 };

const span: CountedSpan = {
  ...{ id: 'process:1:all', start: new Date(), of: 'all', accountId: null, webhookId: null },
  ...{ url: null, delivered: 1, failed: 0, skipped: 0, attempts: { '2xx': 1 }, calls: 1 },
  ...{ tookMs: 12, durations: { '8': 1 } },
};

async function asUser(
  privileges: readonly Privilege[],
  use: (state: StateCollections) => Promise<void>,
): Promise<void> {
  const client = createMongoClient(await guarded().createUser(privileges), 'worker');
  try {
    const db = client.db('central');
    await preflight(db.collection('SMSDetailDocument'), stateCollections(db));
    await use(stateCollections(db));
  } finally {
    await client.close();
  }
}

async function doAll(state: StateCollections): Promise<void> {
  await ensureStatsIndexes(state);
  await createEndpointStatsStore(state).write([span]);
  await findAllSpans(state.endpointStats, { since: new Date(0), limit: 1, stepMs: 300_000 });
}

describe('the optional rights in the documentation', () => {
  it('are all that statistics take', async () => {
    await expect(asUser([...needed, ...optional], doAll)).resolves.toBeUndefined();
  });

  it('may be missing: the worker starts without them', async () => {
    await asUser(needed, async (state) => {
      await expect(doAll(state)).rejects.toMatchObject(unauthorized);
      await expect(createEndpointStatsStore(state).write([span])).rejects.toMatchObject(
        unauthorized,
      );
    });
  });

  const actions = optional.find(({ collection }) => collection === COLLECTION)?.actions ?? [];
  it.each(actions.map((action) => ({ action })))('are all needed: $action', async ({ action }) => {
    const others = actions.filter((each) => each !== action);
    const less = { db: 'central', collection: COLLECTION, actions: others };
    await asUser([...needed, less], async (state) => {
      await guarded().root.db('central').collection(COLLECTION).deleteMany({});
      await expect(doAll(state)).rejects.toMatchObject(unauthorized);
    });
  });
});
