import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import { stateCollections } from '../../src/mongo/database.ts';
import { ensureStateCollections } from '../../src/mongo/indexes.ts';
import { createGapSearch, inGap, insertSms } from '../support/mongoGaps.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const LONG = 4 * 1024 * 1024;
const COUNT = 10;
let sms: Collection;

beforeEach(async () => {
  await servers().db.dropDatabase();
  await ensureStateCollections(stateCollections(servers().db));
  sms = servers().db.collection('sms');
  await sms.createIndex({ deliveryTime: 1 });
});

// What a gap's row had to hold of ids was counted, not weighed: with those of 4 MB it passed 16 MB, could not be written,
// and the gap never ended.
describe('a gap among whose SMS are some with an _id of 4 MB', () => {
  it.each<readonly [string, (at: number) => Document]>([
    ['that have no time, and are to be listed', () => ({ sendTime: inGap().toISOString() })],
    ['of one time, which are remembered as passed', () => ({ deliveryTime: inGap() })],
    [
      'of both kinds',
      (at) => (at % 2 === 0 ? { deliveryTime: inGap() } : { deliveryTime: inGap().toISOString() }),
    ],
  ])('is searched whole: %s', async (_what, times) => {
    for (let at = 0; at < COUNT; at += 1) {
      const long = { _id: `${at}${'x'.repeat(LONG)}`, deliveryStatus: 'SENT', ...times(at) };
      await insertSms(sms, 1, () => long);
    }
    const short = { _id: 'short', deliveryStatus: 'SENT', deliveryTime: inGap(5) };
    await insertSms(sms, 1, () => short);
    const search = createGapSearch(sms);
    const gap = await search.open();
    const found = await search.readAll(gap);
    const names = new Set(found.map((id) => String(id).slice(0, 5)));
    const long = Array.from({ length: COUNT }, (_each, at) => `${at}xxxx`);
    expect([...names].toSorted()).toEqual([...long, 'short']);
    expect(await search.store().remove(gap)).toMatchObject({ unplaceable: 0 });
    expect(await search.kind()).toBeNull();
  });
});
