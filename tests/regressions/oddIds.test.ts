import { beforeEach, describe, expect, it } from '@jest/globals';
import { Code, type Collection } from 'mongodb';
import { stateCollections } from '../../src/mongo/database.ts';
import { ensureStateCollections } from '../../src/mongo/indexes.ts';
import { createJobStore } from '../../src/mongo/jobs.ts';
import { beginning, unrecordedIn } from '../../src/mongo/smsPages.ts';
import { createGapSearch, inGap, insertSms } from '../support/mongoGaps.ts';
import { insertRaw, oddIds, rawFields, written, type RawValue } from '../support/rawBson.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const PAGE = 500;
const PAGES_AT_MOST = 10;
let sms: Collection;

beforeEach(async () => {
  await servers().db.dropDatabase();
  await ensureStateCollections(stateCollections(servers().db));
  sms = servers().db.collection('sms');
});

interface Named {
  readonly name: string;
  readonly id: RawValue;
  readonly deliveryTime?: unknown;
}

async function insertOdd(all: readonly Named[]): Promise<void> {
  const documents = all.map(({ name, id, deliveryTime = inGap() }) =>
    rawFields(
      ['_id', id],
      ['name', written(name)],
      ['deliveryStatus', written('SENT')],
      ['deliveryTime', written(deliveryTime)],
    ),
  );
  const { mongodbUri, database } = servers();
  const { hostname, port } = new URL(mongodbUri);
  const where = { database, collection: sms.collectionName };
  await insertRaw({ host: hostname, port: Number(port) }, where, documents);
}

const allOdd = oddIds.map(([name, id]) => ({ name, id }));

/** Before all of the odd ones, in the order of `_id`. */
async function insertBefore(count: number): Promise<void> {
  await insertSms(sms, count, (at) => ({
    _id: at - 100_000,
    name: `before ${at}`,
    deliveryStatus: 'SENT',
    deliveryTime: inGap(),
  }));
}

async function insertLast(): Promise<void> {
  await insertSms(sms, 1, () => ({
    _id: new Code('last', {}),
    name: 'last',
    deliveryStatus: 'SENT',
    deliveryTime: inGap(),
  }));
}

/** The names of what is found in the gap, in the order in which it is. */
async function search(): Promise<readonly string[]> {
  const { store, open } = createGapSearch(sms);
  const gap = await open();
  const names: string[] = [];
  for (let pages = 0; pages < PAGES_AT_MOST; pages += 1) {
    const page = await store().nextPage(gap);
    names.push(...page.found.map(({ document }) => document['name'] as string));
    await store().passed(gap, page, { recovered: 0, unplaceable: 0 });
    if (page.isLast) return names;
  }
  throw new Error(`no end after ${PAGES_AT_MOST} pages: ${JSON.stringify(names.slice(-5))}`);
}

async function namesOfAll(): Promise<readonly string[]> {
  const documents = await sms.find({}, { projection: { _id: 0, name: 1 } }).toArray();
  return documents.map((document) => String(document['name'])).toSorted();
}

// Ids were sent back as the driver makes them of what it has read: not at all, so that the search of a gap began with the
// same page for ever, or as others, so that it left documents out or found the same again and again.
describe('an _id that the driver would send back as another', () => {
  it.each(oddIds)('is continued from where a page of a gap ends: %s', async (name, id) => {
    await insertBefore(PAGE);
    await insertOdd([{ name, id }]);
    await insertLast();
    const found = await search();
    expect(found).toHaveLength(PAGE + 2);
    expect(found.toSorted()).toEqual(await namesOfAll());
  });

  it('is among those of one time that a gap has passed, whichever it is', async () => {
    await sms.createIndex({ deliveryTime: 1 });
    await insertOdd(allOdd);
    await insertBefore(PAGE);
    await insertLast();
    const found = await search();
    expect(found.toSorted()).toEqual(await namesOfAll());
  });

  it('is among those of a gap that are listed, whichever it is', async () => {
    await sms.createIndex({ deliveryTime: 1 });
    await insertOdd(allOdd.map((each) => ({ ...each, deliveryTime: inGap().toISOString() })));
    await insertLast();
    const found = await search();
    expect(found.toSorted()).toEqual(await namesOfAll());
  });

  it('is continued from by a job, also one that was interrupted there', async () => {
    await insertOdd(allOdd);
    await insertLast();
    const jobs = stateCollections(servers().db).jobs;
    const order = { kind: 'backfill', arguments: {} } as const;
    const found: string[] = [];
    const span = { since: inGap(-1), accountId: null, pageSize: 1 };
    for (let pages = 0; ; pages += 1) {
      expect(pages).toBeLessThan(2 * allOdd.length);
      const store = createJobStore(jobs);
      const held = await store.begin(order);
      const page = await unrecordedIn(sms, span).page(held?.from ?? beginning);
      found.push(...page.found.map(({ document }) => document['name'] as string));
      if (held === null || page.next === null) break;
      await store.save(held, { from: page.next.from, counts: {}, total: null });
      await store.end(held, 'interrupted');
    }
    expect(found.toSorted()).toEqual(await namesOfAll());
  });
});

describe('a document with the fields of a reference', () => {
  it('has an id from which a gap scan continues', async () => {
    await insertBefore(PAGE);
    const time = { deliveryStatus: 'SENT', deliveryTime: inGap() };
    await insertSms(sms, 1, () => ({ _id: 'odd', name: 'odd', $ref: 'c', $id: 1, ...time }));
    await insertLast();
    expect((await search()).toSorted()).toEqual(await namesOfAll());
  });
});
