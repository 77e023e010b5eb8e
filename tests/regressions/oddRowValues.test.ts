import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { aWebhook } from '../support/builders.ts';
import { createRetries, type Retries } from '../support/mongoRetries.ts';
import { nothingElse, retryFor } from '../support/someRetries.ts';
import { insertRaw, oddIds, rawFields, written, type RawValue } from '../support/rawBson.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const { endpointKey } = aWebhook();
let retries: Retries;

beforeAll(() => {
  retries = createRetries(servers().mongo, servers().database);
});
beforeEach(async () => {
  await retries.rows.deleteMany({});
  await retries.store.schedule(retryFor('good'), 0);
});

/** One that has been due before all others. */
async function insertRow(id: RawValue, endpoint: RawValue): Promise<void> {
  const { mongodbUri, database } = servers();
  const { hostname, port } = new URL(mongodbUri);
  const where = { database, collection: retries.rows.collectionName };
  const row = rawFields(
    ['_id', id],
    ['endpoint', endpoint],
    ['nextAttemptAt', written(new Date(0))],
    ['acceptedAt', written(new Date(0))],
    ['bodyBytes', written(1)],
    ['logBytes', written(1)],
  );
  await insertRaw({ host: hostname, port: Number(port) }, where, [row]);
}

// What a row says was sent back as the driver makes it of that: not at all, and no row was claimed any more; or as another
// value, and the row was due for ever.
describe('a row of durable state', () => {
  it.each(oddIds)(
    'is put aside, and keeps nobody waiting, when its _id is %s',
    async (_what, id) => {
      await insertRow(id, written(endpointKey));
      const { store, rows } = retries;
      const claimed = await store.claimDue(endpointKey, nothingElse);
      expect(claimed?.retry.subject.smsKey).toBe('good');
      expect(await store.claimDue(endpointKey, nothingElse)).toBeNull();
      expect(await rows.countDocuments({ unreadable: { $type: 'string' } })).toBe(1);
      expect(await store.dueEndpoints(0)).toMatchObject({ keys: [] });
    },
  );

  it.each([...oddIds, ['undefined', { type: 0x06, bytes: Buffer.alloc(0) }] as const])(
    'leads nowhere yet, and keeps no endpoint from being found, when its own is %s',
    async (what, endpoint) => {
      await insertRow(written('odd'), endpoint);
      const { store } = retries;
      const own = what === 'a symbol' ? 'symbol' : '';
      for (let times = 0; times < 2; times += 1) {
        expect((await store.dueEndpoints(0)).keys).toContain(endpointKey);
      }
      expect((await store.dueEndpoints(0)).keys.toSorted()).toEqual([own, endpointKey].toSorted());
    },
  );
});
