import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, MongoClient } from 'mongodb';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { createLookups } from '../../src/mongo/lookups.ts';
import { findSms } from '../../src/mongo/storedSms.ts';
import { docsExamined } from '../support/docsExamined.ts';
import { eachOf } from '../support/eachOf.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { createMemoryLogger } from '../support/memoryLogger.ts';
import { createGapSearch, inGap, insertSms } from '../support/mongoGaps.ts';
import { createOutcomes } from '../support/mongoOutcomes.ts';
import { delivered } from '../support/mongoRecords.ts';
import { anEnding } from '../support/someEndings.ts';
import { until } from '../support/until.ts';

// Of two `_id`s in one query the server makes a scan of a clustered collection: 300 look-ups went through more
// than 20,000 documents.
const e2e = useEndToEnd(import.meta.url);
const servers = () => e2e().servers;
const COUNT = 5_000;
const WANTED = 300;
/** An equality ends at the document after the one it finds, if that was found. */
const AT_MOST_EACH = 2;

let client: MongoClient;
let sms: Collection;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'clustered under test');
});
afterAll(async () => {
  await client.close();
});

const idOf = (at: number): string => `sms-${String(at).padStart(6, '0')}`;
/** From all over the collection. */
const wanted = Array.from({ length: WANTED }, (_, at) => idOf(at * 16));

const everyId = Array.from({ length: COUNT }, (_, at) => idOf(at));

async function searched() {
  const search = createGapSearch(sms);
  const gap = await search.open();
  let ids: unknown[] = [];
  const examined = await docsExamined(sms, async () => {
    ids = await search.readAll(gap);
  });
  return { ids: ids.map(String).toSorted(), examined };
}

describe.each([
  ['of a clustered collection', {}],
  ['of a clustered one with a collation', { collation: { locale: 'en', strength: 1 } }],
])('%s', (_kind, options) => {
  beforeEach(async () => {
    const db = client.db(servers().database);
    await db.dropDatabase();
    const clusteredIndex = { key: { _id: 1 as const }, unique: true };
    await db.createCollection('sms', { clusteredIndex, ...options });
    sms = db.collection('sms');
    await insertSms(sms, COUNT, (at) => ({
      _id: idOf(at),
      deliveryStatus: 'DELIVERED',
      deliveryTime: at % 16 === 0 ? inGap().toISOString() : inGap(at),
    }));
  });

  it('a look-up reads what it asks for, and no more', async () => {
    const { signal } = new AbortController();
    const state = stateCollections(sms.db);
    const store = createLookups({ sms, state, logger: createMemoryLogger(), signal });
    const requests = [...wanted, 'nobody'].map((id) => {
      const { documentKey, smsKey, notificationId } = anEnding(id);
      return { documentKey, smsKey, notificationId, wants: 'document' } as const;
    });
    let found: unknown[] = [];
    const examined = await docsExamined(sms, async () => {
      found = (await eachOf(store.lookUp(requests))).map(
        ({ document }) => document?.['_id'] ?? null,
      );
    });
    expect(found).toEqual([...wanted, null]);
    expect(examined).toBeLessThanOrEqual(AT_MOST_EACH * requests.length);
  });

  it('records are written to their documents, and those that are gone are noticed', async () => {
    const { store, logger } = createOutcomes(client, servers().database);
    const gone = wanted.slice(0, 30);
    await sms.deleteMany({ _id: { $in: gone as never[] } });
    const write = async (at: number): Promise<void> => {
      const record = delivered(`STATUS ${at}`, { at });
      await Promise.all(
        wanted.map(
          async (id) => await store.end(anEnding(id, { record, shows: at === 1 ? 'none' : null })),
        ),
      );
    };
    const examined = await docsExamined(sms, async () => {
      await write(1);
      await write(2);
    });
    const there = WANTED - gone.length;
    expect(await sms.countDocuments({ 'notify_on_delivery.earlier': { $size: 1 } })).toBe(there);
    expect(logger.of('document_gone')).toHaveLength(2 * gone.length);
    // Two writes, each perhaps once more, and the look-up of what matched none.
    expect(examined).toBeLessThanOrEqual(2 * 4 * AT_MOST_EACH * WANTED);
  });

  it('a search after lost history brings every document once', async () => {
    expect((await searched()).ids).toEqual(everyId);
  });

  it('a search by an index reads what it brings, and no more', async () => {
    await sms.createIndex({ deliveryTime: 1 });
    const { ids, examined } = await searched();
    expect(ids).toEqual(everyId);
    expect(examined).toBeLessThanOrEqual(2 * COUNT);
  });

  it('an SMS is found by what may be text, an ObjectId, a UUID or a number', async () => {
    const ids = ['65310a0c1f4e2b0012345678', '11111111-2222-4333-8444-555555555555', '7'];
    await sms.insertMany(ids.map((id) => ({ _id: id as never })));
    for (const id of [...ids, '65310a0c1f4e2b0012345679']) {
      let found: unknown = null;
      const examined = await docsExamined(sms, async () => {
        found = await findSms(sms, id);
      });
      expect(found).toEqual(ids.includes(id) ? { _id: id } : null);
      expect(examined).toBeLessThanOrEqual(3 * AT_MOST_EACH);
    }
  });
});

it('a worker reads and writes what it tells of, and no more', async () => {
  const { central, receiver, servers: own } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/clustered') });
  const name = 'SMSDetailDocument';
  const platform = await own.db.createCollection<SmsDocument>(name, {
    clusteredIndex: { key: { _id: 1 }, unique: true },
  });
  await insertSms(own.db.collection(name), COUNT, (at) => newSms({ _id: idOf(at) }));
  await e2e().worker();
  const examined = await docsExamined(
    platform,
    async () => {
      for (const status of ['SENT', 'DELIVERED']) {
        const deliveryStatus = { deliveryStatus: status, deliveryTime: new Date() };
        await platform.updateMany({ _id: { $in: wanted } }, { $set: deliveryStatus });
        await until(`each is told ${status}`, async () => {
          const notified = { 'notify_on_delivery.deliveryStatus': status };
          return (await platform.countDocuments(notified)) === WANTED;
        });
      }
    },
    { appName: 'notify-on-delivery' },
  );
  expect(receiver.requests('/clustered')).toHaveLength(2 * WANTED);
  // A look-up and a record for each of the two, perhaps written once more.
  expect(examined).toBeLessThanOrEqual(2 * 3 * AT_MOST_EACH * WANTED);
}, 120_000);
