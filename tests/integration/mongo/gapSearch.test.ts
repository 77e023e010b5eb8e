import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, CreateIndexesOptions, IndexSpecification, MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import {
  createGapSearch,
  inGap,
  insertSms,
  ways,
  type GapSearch,
} from '../../support/mongoGaps.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let sms: Collection;
let search: GapSearch;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'gaps under test');
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  const db = client.db(servers().database);
  sms = db.collection('sms');
  await db.command({ profile: 0 });
  await Promise.all([
    sms.drop(),
    stateCollections(db).gaps.drop(),
    db.collection('system.profile').drop(),
  ]);
  search = createGapSearch(sms);
});

const status = { deliveryStatus: 'DELIVERED' };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const inOrder = (ids: readonly unknown[]): unknown[] =>
  [...ids].sort((one, other) => Number(one) - Number(other));

/** How many documents each query of the search went through. */
async function examined(read: () => Promise<unknown>): Promise<number[]> {
  await sms.db.command({ profile: 2 });
  await read();
  await sms.db.command({ profile: 0 });
  const queries = sms.db.collection('system.profile').find({
    ns: sms.namespace,
    op: { $in: ['query', 'getmore'] },
    'command.explain': { $exists: false },
  });
  return (await queries.toArray()).map((each) => Number(each['docsExamined']));
}

async function chosenWay(): Promise<string | null> {
  const gap = await search.open();
  const store = search.store();
  await store.passed(gap, await store.nextPage(gap), { recovered: 0, unplaceable: 0 });
  return await search.kind();
}

describe('the way to search', () => {
  it.each<[string, IndexSpecification, CreateIndexesOptions]>([
    ['ascending', { deliveryTime: 1 }, {}],
    ['descending', { deliveryTime: -1 }, {}],
    ['compound', { deliveryTime: -1, accountID: 1, flowId: -1 }, {}],
    ['that removes what is old', { deliveryTime: 1 }, { expireAfterSeconds: 1e9 }],
    ['with a collation', { deliveryTime: 1 }, { collation: { locale: 'en' } }],
  ])('is an index on the time: %s', async (_name, key, options) => {
    await sms.insertOne({ ...status });
    await sms.createIndex(key, options);
    expect(await chosenWay()).toBe('dates');
  });

  it.each<[string, IndexSpecification, CreateIndexesOptions]>([
    ['leads with another field', { accountID: 1, deliveryTime: 1 }, {}],
    ['is sparse', { deliveryTime: 1 }, { sparse: true }],
    ['is partial', { deliveryTime: 1 }, { partialFilterExpression: { accountID: 28 } }],
    ['is hidden', { deliveryTime: 1 }, { hidden: true }],
    ['is hashed', { deliveryTime: 'hashed' }, {}],
    ['is for text', { deliveryTime: 1, text: 'text' }, {}],
    ['is a wildcard', { '$**': 1 }, {}],
  ])('is by `_id` when the index %s', async (_name, key, options) => {
    await sms.insertOne({ ...status });
    await sms.createIndex(key, options);
    expect(await chosenWay()).toBe('scan');
  });

  it('is by `_id` when somewhere a time is an array, and that is found as well', async () => {
    await sms.createIndex({ deliveryTime: 1 });
    const old = new Date(0);
    await sms.insertOne({ _id: 0 as never, deliveryTime: [old], sendTime: inGap(), ...status });
    expect(await search.readAll(await search.open())).toEqual([0]);
    expect(await search.kind()).toBe('done');
    await stateCollections(sms.db).gaps.deleteMany({});
    expect(await chosenWay()).toBe('scan');
  });

  it('is by `_id` while there is no collection', async () => {
    expect(await chosenWay()).toBe('scan');
    const [gap] = [await search.store().oldest()];
    expect(gap === null ? null : await search.readAll(gap)).toEqual([]);
  });

  it('takes the next index when the first leaves documents out', async () => {
    await sms.createIndex({ deliveryTime: 1 }, { sparse: true });
    await sms.createIndex({ deliveryTime: -1, accountID: 1 });
    expect(await chosenWay()).toBe('dates');
  });
});

it('finds times of every kind through an index with a collation', async () => {
  await sms.createIndex({ deliveryTime: 1 }, { collation: { locale: 'en', strength: 1 } });
  const times = [inGap(), inGap().toISOString(), 'É', 'e', 7, null, new Date(-8.64e15), {}];
  await sms.insertMany(
    times.map((deliveryTime, at) => ({
      _id: at as never,
      deliveryTime,
      sendTime: inGap(),
      ...status,
    })),
  );
  await sms.insertOne({ _id: times.length as never, sendTime: inGap(), ...status });
  const found = await search.readAll(await search.open());
  // But for the one whose time is a date of long ago.
  expect(inOrder(found)).toEqual(numbers(times.length + 1).filter((at) => at !== 6));
});

describe('a search by an index', () => {
  beforeEach(async () => {
    await sms.createIndex({ deliveryTime: 1 }, { name: 'theirs' });
  });

  it.each(['dates', 'others'])(
    'begins again by `_id` when the index is dropped while it reads the %s',
    async (state) => {
      await insertSms(sms, 2_000, (_id) => ({
        _id,
        ...(_id % 2 === 0 ? { deliveryTime: inGap(_id) } : { sendTime: inGap() }),
        ...status,
      }));
      const kinds: (string | null)[] = [];
      const found = await search.readAll(await search.open(), {
        async afterPage() {
          const kind = await search.kind();
          kinds.push(kind);
          if (kind === state && kinds.filter((each) => each === state).length === 1) {
            await sms.dropIndex('theirs');
          }
        },
      });
      expect(kinds).toContain('scan');
      expect(inOrder([...new Set(found)])).toEqual(numbers(2_000));
    },
  );

  it('begins again by `_id` when more share one time than can be remembered', async () => {
    await insertSms(sms, 6_000, (_id) => ({ _id, deliveryTime: inGap(), ...status }));
    const kinds = new Set<string | null>();
    const found = await search.readAll(await search.open(), {
      afterPage: async () => void kinds.add(await search.kind()),
    });
    expect([...kinds]).toEqual(['dates', 'scan']);
    expect(inOrder([...new Set(found)])).toEqual(numbers(6_000));
  });

  it('scans for those without a time there when they are too many to be listed', async () => {
    await insertSms(sms, 6_000, (_id) => ({
      _id,
      ...(_id < 5_500 ? { sendTime: inGap() } : { deliveryTime: inGap(_id) }),
      ...status,
    }));
    const kinds = new Set<string | null>();
    const found = await search.readAll(await search.open(), {
      afterPage: async () => void kinds.add(await search.kind()),
    });
    expect([...kinds]).toEqual(['dates', 'others', 'scan']);
    expect(inOrder(found)).toEqual(numbers(6_000));
  });

  it('does not go through what has a time before the gap', async () => {
    await insertSms(sms, 12_000, (_id) => ({
      _id,
      ...(_id % 4 === 0 ? {} : { deliveryTime: new Date(_id) }),
      ...(_id % 8 === 0 ? {} : status),
    }));
    const counts = await examined(async () => await search.readAll(await search.open()));
    // The 3,000 that have none there, and the half of them that has a status once more.
    expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(4_600);
  });
});

describe.each(ways)('a search $way', ({ index }) => {
  it('goes through no more than 5,000 documents in one query, though few satisfy it', async () => {
    if (index !== null) await sms.createIndex(index);
    await insertSms(sms, 12_000, (_id) => ({ _id, ...(_id === 11_000 ? status : {}) }));
    let found: unknown[] = [];
    const counts = await examined(async () => {
      found = await search.readAll(await search.open());
    });
    expect(found).toEqual([11_000]);
    expect(counts.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(12_000);
    expect(Math.max(...counts)).toBeLessThanOrEqual(5_001);
  });
});
