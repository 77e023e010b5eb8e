import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, MongoClient } from 'mongodb';
import type { Gap } from '../../src/domain/gap.ts';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../src/mongo/database.ts';
import type { GapStore } from '../../src/ports/source.ts';
import { createGapSearch, inGap, insertSms, type GapSearch } from '../support/mongoGaps.ts';
import { useServers } from '../support/servers.ts';

// Each loss of history was searched for by itself, one after the other: with a loss a second, and a search through
// millions of documents that takes an hour, the searches never ended.
const servers = useServers(import.meta.url);
let client: MongoClient;
let sms: Collection;
let gaps: StateCollections['gaps'];
let search: GapSearch;
let store: GapStore;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'gaps under test');
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  const db = client.db(servers().database);
  sms = db.collection('sms');
  ({ gaps } = stateCollections(db));
  await Promise.all([sms.drop(), gaps.drop()]);
  search = createGapSearch(sms);
  store = search.store();
});

async function addMany(count: number, { from = 0 } = {}): Promise<void> {
  for (let at = from; at < from + count; at += 1)
    await store.add(inGap(at * 1_000), inGap(at * 1_000 + 500));
}

async function next(): Promise<Gap> {
  const gap = await store.oldest();
  if (gap === null) throw new Error('there is no gap');
  return gap;
}

describe('gaps, one after another', () => {
  it('are searched for together while none of them has begun', async () => {
    await addMany(5);
    expect(await next()).toMatchObject({ from: inGap(0), to: inGap(4_500) });
    expect(await gaps.countDocuments()).toBe(1);
  });

  it('that are recorded during a scan are all scanned for in one after it', async () => {
    await insertSms(sms, 1_200, (_id) => ({ _id, deliveryTime: inGap(_id), deliveryStatus: 'X' }));
    await addMany(1);
    const first = await next();
    await store.passed(first, await store.nextPage(first), { recovered: 0, unplaceable: 0 });
    await addMany(8, { from: 1 });
    expect(await next()).toEqual(first);
    await search.readAll(first);
    await store.remove(first);
    const second = await next();
    expect(second).toMatchObject({ from: inGap(1_000), to: inGap(8_500) });
    expect(await search.readAll(second)).toHaveLength(1_200);
    await store.remove(second);
    expect(await store.oldest()).toBeNull();
  });

  it('is not taken for covered by a search that has begun, though it has passed no page yet', async () => {
    await addMany(1);
    const first = await next();
    await store.nextPage(first);
    await addMany(1, { from: 3 });
    await store.remove(first);
    expect(await next()).toMatchObject({ from: inGap(3_000), to: inGap(3_500) });
  });

  it('goes back as far as the earliest of them', async () => {
    await store.add(inGap(5_000), inGap(6_000));
    await store.add(inGap(0), inGap(1_000));
    expect(await next()).toMatchObject({ from: inGap(0), to: inGap(6_000) });
  });

  it('left by an earlier version are joined, and by a worker that died while it joined them', async () => {
    const old = (at: number) => ({
      _id: `gap ${at}`,
      from: inGap(at),
      to: inGap(at + 1),
      step: 0,
      progress: null,
      recovered: 0,
      unplaceable: 0,
      createdAt: new Date(at),
    });
    await gaps.insertMany([old(1), old(2), old(3)]);
    const joined = await next();
    expect(joined).toMatchObject({ id: 'gap 1', from: inGap(1), to: inGap(4) });
    // It was about to remove the others.
    await gaps.insertMany([old(2), old(3)]);
    expect(await next()).toEqual(joined);
    await store.remove(joined);
    expect(await next()).toMatchObject({ id: 'gap 2', from: inGap(2), to: inGap(4) });
    expect(await gaps.countDocuments()).toBe(1);
  });

  it('lose nothing when they are recorded while others are being joined', async () => {
    const spans = Array.from({ length: 60 }, (_each, at) => at);
    const covered: Gap[] = [];
    const finish = async (): Promise<void> => {
      const gap = await store.oldest();
      if (gap === null) return;
      covered.push(gap);
      await store.remove(gap);
    };
    const adding = Promise.all(
      spans.map(async (at) => await search.store().add(inGap(at), inGap(at + 1))),
    );
    for (let round = 0; round < 20; round += 1) await finish();
    await adding;
    while ((await store.oldest()) !== null) await finish();
    for (const at of spans) {
      const isCovered = covered.some(({ from, to }) => from <= inGap(at) && to >= inGap(at + 1));
      expect([at, isCovered]).toEqual([at, true]);
    }
  });
});
