import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Collection, CreateCollectionOptions, MongoClient } from 'mongodb';
import { newSms, setStatus, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { createLookups } from '../../src/mongo/lookups.ts';
import { unrecordedIn } from '../../src/mongo/smsPages.ts';
import { findSms } from '../../src/mongo/storedSms.ts';
import { eachOf } from '../support/eachOf.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { createMemoryLogger } from '../support/memoryLogger.ts';
import { createGapSearch, inGap } from '../support/mongoGaps.ts';
import { createOutcomes } from '../support/mongoOutcomes.ts';
import { settled } from '../support/settled.ts';
import { anEnding } from '../support/someEndings.ts';
import { until } from '../support/until.ts';

// On a collection with a collation `Delivered` and `DELIVERED` were one: the record went on to show the older.
const e2e = useEndToEnd(import.meta.url);

const collations = {
  'strength 1': { locale: 'en', strength: 1 },
  'strength 2': { locale: 'en', strength: 2 },
  'numbers in order': { locale: 'en', numericOrdering: true },
  'without punctuation': { locale: 'en', alternate: 'shifted' },
} as const;
const clusteredIndex = { key: { _id: 1 as const }, unique: true };

describe.each<[string, CreateCollectionOptions]>([
  ['strength 1', { collation: collations['strength 1'] }],
  ['strength 2, clustered', { collation: collations['strength 2'], clusteredIndex }],
])('an SMS of a collection of %s', (name, options) => {
  const collection = `SMS ${name}`;
  const path = `/${collection.replaceAll(/\W/g, '')}`;
  let sms: Collection<SmsDocument>;
  let worker: WorkerProcess;

  const shown = async (_id: string, deliveryStatus: string): Promise<unknown> =>
    await until(`the record shows ${deliveryStatus}`, async () => {
      const document = await sms.findOne({ _id }, { projection: { notify_on_delivery: 1 } });
      const record = document?.['notify_on_delivery'] as Record<string, unknown> | undefined;
      return record?.['deliveryStatus'] === deliveryStatus ? record : null;
    });
  const notified = (_id: string): readonly unknown[] =>
    e2e()
      .receiver.requests(path)
      .map(({ headers }) => headers['webhook-id'])
      .filter((id) => String(id).startsWith(_id));

  beforeAll(async () => {
    const { central, receiver, servers } = e2e();
    await central.optIn(28, 200, { url: receiver.url(path) });
    sms = await servers.db.createCollection<SmsDocument>(collection, options);
    worker = await e2e().worker({ MONGODB_COLLECTION: collection });
  });
  afterAll(async () => {
    await worker.stop();
  });

  it.each([
    ['Delivered', 'DELIVERED'],
    ['DELIVERED', 'delivered'],
    ['Remis', 'Rémis'],
  ])(
    'is reported %s and of %s, and shows the later',
    async (older, newer) => {
      const document = newSms();
      const { _id } = document;
      await sms.insertOne(document);
      await setStatus(sms, _id, older);
      await shown(_id, older);
      await setStatus(sms, _id, newer);
      const before = await shown(_id, newer);
      expect(before).toMatchObject({
        state: 'delivered',
        earlier: [{ deliveryStatus: older, state: 'delivered' }],
      });
      // Somebody who has read it before either.
      await sms.replaceOne({ _id }, { ...document, deliveryStatus: newer });
      await settled({ ...e2e(), sms, record: async (id) => await shown(id, 'MARKER') });
      expect(await shown(_id, newer)).toEqual(before);
      expect(notified(_id)).toHaveLength(2);
    },
    60_000,
  );
});

describe.each<[keyof typeof collations, string, string]>([
  ['strength 1', 'abc', 'ABC'],
  ['strength 1', 'résumé', 'resume'],
  ['strength 2', 'abc', 'Abc'],
  ['numbers in order', 'sms-1', 'sms-01'],
  ['without punctuation', 'a-b', 'ab'],
])('with a collation (%s), %s that is gone while there is %s', (name, gone, there) => {
  const database = (): string =>
    `${e2e().servers.database.slice(0, 40)}_${there.replaceAll(/\W/g, '')}`;
  let client: MongoClient;
  let sms: Collection;
  const document = { _id: there as never, deliveryStatus: 'SENT', deliveryTime: inGap() };

  beforeAll(async () => {
    client = createMongoClient(e2e().servers.mongodbUri, 'collated under test');
    const db = client.db(database());
    await db.dropDatabase();
    sms = await db.createCollection('sms', { collation: collations[name] });
    await sms.insertOne(document);
    // They are one to the server.
    expect(await sms.findOne({ _id: gone as never })).toMatchObject({ _id: there });
  });
  afterAll(async () => {
    await client.db(database()).dropDatabase();
    await client.close();
  });

  it('is not found by a look-up, nor by a command', async () => {
    const { signal } = new AbortController();
    const state = stateCollections(sms.db);
    const store = createLookups({ sms, state, logger: createMemoryLogger(), signal });
    const requests = [gone, there].map((id) => {
      const { documentKey, smsKey, notificationId } = anEnding(id);
      return { documentKey, smsKey, notificationId, wants: 'document' } as const;
    });
    const found = await eachOf(store.lookUp(requests));
    expect(found.map(({ document: each }) => each?.['_id'] ?? null)).toEqual([null, there]);
    expect(await findSms(sms, gone)).toBeNull();
    expect(await findSms(sms, there)).toMatchObject({ _id: there });
  });

  it.each(['none', 'own', null] as const)(
    'does not get its record written into the other that showed %s',
    async (shows) => {
      const { store, logger } = createOutcomes(client, database());
      await store.end(anEnding(gone, { shows }));
      expect(logger.of('document_gone')).toMatchObject([{ fields: { phase: 'record' } }]);
      expect(await sms.findOne({})).toEqual(document);
    },
  );
});

describe('with a collation, a search', () => {
  it('after lost history brings every SMS once, and by an index on the time where there is one', async () => {
    const client = createMongoClient(e2e().servers.mongodbUri, 'collated under test');
    try {
      const ids = ['a', 'B', 'c', 'É', 'f', '10', '9', 'ab-c'];
      for (const index of [null, { deliveryTime: 1 } as const]) {
        const db = client.db(`${e2e().servers.database.slice(0, 40)}_search`);
        await db.dropDatabase();
        const sms = await db.createCollection('sms', { collation: collations['strength 1'] });
        if (index !== null) await sms.createIndex(index);
        await sms.insertMany(
          ids.map((id, at) => ({
            _id: id as never,
            deliveryStatus: 'DELIVERED',
            deliveryTime: at % 2 === 0 ? inGap(at) : inGap(at).toISOString(),
          })),
        );
        const search = createGapSearch(sms);
        const kinds = new Set<string | null>();
        const found = await search.readAll(await search.open(), {
          afterPage: async () => void kinds.add(await search.kind()),
        });
        expect(found.map(String).toSorted()).toEqual(ids.toSorted());
        expect(kinds.has('dates')).toBe(index !== null);
        await db.dropDatabase();
      }
    } finally {
      await client.close();
    }
  });

  it('for what was never notified finds the status that its record has in other letters', async () => {
    const { db } = e2e().servers;
    const sms = await db.createCollection('told', { collation: collations['strength 2'] });
    await sms.insertMany([
      { deliveryStatus: 'SENT', notify_on_delivery: { deliveryStatus: 'Sent' } },
      { deliveryStatus: 'SENT', notify_on_delivery: { deliveryStatus: 'SENT' } },
    ]);
    const since = new Date(0);
    const pages = unrecordedIn(sms, { since, accountId: null, pageSize: 10 });
    expect(await pages.count()).toBe(1);
  });
});
