import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stateCollections } from '../../src/mongo/database.ts';
import { createEndpointStore, type WatchedEndpointStore } from '../../src/mongo/endpoints.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { aWebhook } from '../support/builders.ts';
import { createMemoryLogger, type MemoryLogger } from '../support/memoryLogger.ts';
import { createOutcomes, type Outcomes } from '../support/mongoOutcomes.ts';
import { createRecordingMetrics } from '../support/recorders.ts';
import { useServers } from '../support/servers.ts';
import { anEnding } from '../support/someEndings.ts';
import { until } from '../support/until.ts';

const servers = useServers(import.meta.url);
const webhook = aWebhook({ displayUrl: 'https://a.example/', endpointKey: 'refused' });
const COLLECTION = 'notify_on_delivery_endpoints';
const names = Array.from({ length: 20 }, (_, index) => `sms-${index}`);
const [first = ''] = names;

let logger: MemoryLogger;
let metrics: ReturnType<typeof createRecordingMetrics>;
let abandoned: AbortController;
let outcomes: Outcomes;
let store: WatchedEndpointStore;

beforeAll(() => {
  outcomes = createOutcomes(servers().mongo, servers().database);
});
beforeEach(async () => {
  await servers().db.dropDatabase();
  logger = createMemoryLogger();
  metrics = createRecordingMetrics();
  abandoned = new AbortController();
  const { endpoints } = stateCollections(servers().db);
  store = createEndpointStore({ endpoints, logger, metrics, signal: abandoned.signal });
  await outcomes.sms.insertMany(names.map((_id) => ({ _id: _id as never })));
});
afterEach(() => {
  abandoned.abort(new Stopping());
});

const shown = async (): Promise<string[]> =>
  (await outcomes.sms.find({ notify_on_delivery: { $exists: true } }).toArray()).map((document) =>
    String(document._id),
  );

/** All in one batch, of which the first answered 410. */
function endAll(): Promise<unknown> {
  const all = Promise.all(
    names.map(async (name) => {
      const onRemembered = async () =>
        await store.disable({ accountId: 28, webhook }, 'endpoint_gone');
      const ending = name === first ? { ...anEnding(name), onRemembered } : anEnding(name);
      await outcomes.store.end(ending);
    }),
  );
  // A test that has failed leaves it to the stop.
  all.catch(() => undefined);
  return all;
}

// It was tried again for ever on any error, and the batch of outcomes that held its answer was never shown.
describe('an endpoint whose disabling MongoDB refuses for good', () => {
  it.each<readonly [string, object]>([
    ['of this endpoint', { _id: { $ne: webhook.endpointKey } }],
    ['of every one', { nobody: 'has this' }],
  ])(
    'is not called by this process, is logged, and all are shown: a validator %s',
    async (_, v) => {
      await servers().db.createCollection(COLLECTION, { validator: v });
      await endAll();
      expect((await shown()).toSorted()).toEqual(names.toSorted());
      await store.load();
      expect(store.isDisabled(webhook.endpointKey)).toBe(true);
      expect(metrics.reported).toEqual([['recordFailed', '121']]);
      expect(logger.lines.filter(({ level }) => level === 'error')).toMatchObject([
        {
          event: 'record_failed',
          fields: { webhookId: 7, url: 'https://a.example/', code: '121', what: 'endpoint' },
        },
      ]);
    },
  );

  it('holds up none of its batch meanwhile', async () => {
    await servers().db.createCollection(COLLECTION, { validator: { nobody: 'has this' } });
    const ending = endAll();
    await until('the others are shown', async () => (await shown()).length === names.length - 1);
    expect(await shown()).not.toContain(first);
    expect(metrics.reported).toEqual([]);
    await ending;
  });
});
