import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, MongoClient } from 'mongodb';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { ensureStateCollections } from '../../src/mongo/indexes.ts';
import { createLookups } from '../../src/mongo/lookups.ts';
import type { NewRetry } from '../../src/ports/retries.ts';
import { aLog, answered } from '../support/builders.ts';
import { eachOf } from '../support/eachOf.ts';
import { createMemoryLogger } from '../support/memoryLogger.ts';
import { beforeMargin, createGapSearch, inGap, insertSms, ways } from '../support/mongoGaps.ts';
import { createRetries } from '../support/mongoRetries.ts';
import { useServers } from '../support/servers.ts';
import { anEnding } from '../support/someEndings.ts';
import { claimUpTo, retryFor } from '../support/someRetries.ts';

// What was read together was counted, not weighed: 500 documents of a page or a look-up, 100 bodies of a claim.
const servers = useServers(import.meta.url);
const MB = 1024 * 1024;
const COUNT = 40;
/** What one answer of the server holds of documents of 1 MB. */
const AT_ONCE = 16;

const large = { text: 'x'.repeat(MB), encoding: 'utf8', truncated: false } as const;

let client: MongoClient;
let sms: Collection;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'large documents under test');
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  const db = client.db(servers().database);
  await db.dropDatabase();
  await ensureStateCollections(stateCollections(db));
  sms = db.collection('sms');
});

const idOf = (at: number): string => `sms-${String(at).padStart(3, '0')}`;

async function insertLarge(count: number, bytes: number): Promise<readonly string[]> {
  for (let at = 0; at < count; at += 1) {
    await insertSms(sms, 1, () => ({
      _id: idOf(at),
      deliveryStatus: 'DELIVERED',
      // Some have a time that is no date, and are searched for in another way.
      deliveryTime: at % 4 === 0 ? inGap().toISOString() : inGap(at),
      text: 'x'.repeat(bytes),
    }));
  }
  return Array.from({ length: count }, (_each, at) => idOf(at));
}

describe.each(ways)('a search $way', ({ index }) => {
  it.each([
    ['1 MB', COUNT, MB],
    ['15 MB', 4, 15 * MB],
  ])(
    'holds no more documents of %s at once than one answer does, and finds all',
    async (_size, count, bytes) => {
      if (index !== null) await sms.createIndex(index);
      await insertSms(sms, 1, () => ({ _id: 'early', deliveryTime: beforeMargin }));
      const all = await insertLarge(count, bytes);
      const search = createGapSearch(sms);
      const gap = await search.open();
      const found: string[] = [];
      for (;;) {
        const page = await search.store().nextPage(gap);
        expect(page.found.length * bytes).toBeLessThanOrEqual(AT_ONCE * MB);
        found.push(...page.found.map(({ document }) => document['_id'] as string));
        await search.store().passed(gap, page, { recovered: 0, unplaceable: 0 });
        if (page.isLast) break;
      }
      expect([...new Set(found)].toSorted()).toEqual(all);
    },
  );
});

describe('a look-up', () => {
  it('reads of large documents what one answer holds, and leaves the others', async () => {
    const all = await insertLarge(COUNT, MB);
    const { signal } = new AbortController();
    const state = stateCollections(sms.db);
    const store = createLookups({ sms, state, logger: createMemoryLogger(), signal });
    let left = [...all, 'nobody'];
    const read: string[] = [];
    while (left.length > 0) {
      const requests = left.map((id) => {
        const { documentKey, smsKey, notificationId } = anEnding(id);
        return { documentKey, smsKey, notificationId, wants: 'document' } as const;
      });
      const lookups = await eachOf(store.lookUp(requests));
      const isRead = lookups.map(({ isLeft }) => isLeft !== true);
      const documents = lookups.flatMap(({ document }) => (document === null ? [] : [document]));
      expect(documents.length).toBeLessThanOrEqual(AT_ONCE);
      expect(isRead).toContain(true);
      read.push(...documents.map((document) => document['_id'] as string));
      left = left.filter((_id, at) => isRead[at] !== true);
    }
    expect(read.toSorted()).toEqual(all);
  });
});

describe('a claim', () => {
  it('takes of rows with large bodies what may be held together, and leaves the others due', async () => {
    const worker = createRetries(client, servers().database);
    for (let at = 0; at < COUNT; at += 1) {
      await worker.store.schedule(retryFor(idOf(at), { body: Buffer.alloc(MB, 'x') }), 0);
    }
    const claimed = await claimUpTo(worker.store, COUNT);
    expect(claimed).toHaveLength(AT_ONCE);
    const others = await claimUpTo(worker.store, COUNT);
    const ids = [...claimed, ...others].map(
      ({ retry: scheduledRetry }) => scheduledRetry.subject.notificationId,
    );
    expect(new Set(ids).size).toBe(2 * AT_ONCE);
  });

  it.each<readonly [string, number, readonly string[], Partial<NewRetry>]>([
    [
      'bodies that compression makes small',
      AT_ONCE,
      ['bodyBytes'],
      { body: Buffer.alloc(MB, 'x') },
    ],
    ['bodies that it does not', 1, ['bodyBytes', 'logBytes'], { body: randomBytes(MB / 4) }],
    ['responses', AT_ONCE, ['logBytes'], { log: aLog(answered(500, { response: large })) }],
    ['little', COUNT, ['bodyBytes', 'logBytes'], {}],
  ])(
    'weighs rows of earlier versions, which do not tell how large they are: of %s',
    async (_what, atMost, missing, fields) => {
      const worker = createRetries(client, servers().database);
      for (let at = 0; at < COUNT; at += 1) {
        await worker.store.schedule(retryFor(idOf(at), fields), 0);
      }
      await worker.rows.updateMany({}, [{ $unset: [...missing] }]);
      const ids: string[] = [];
      for (;;) {
        const claimed = await claimUpTo(worker.store, COUNT);
        expect(claimed.length).toBeLessThanOrEqual(atMost);
        if (claimed.length === 0) break;
        ids.push(
          ...claimed.map(({ retry: scheduledRetry }) => scheduledRetry.subject.notificationId),
        );
      }
      expect(new Set(ids).size).toBe(COUNT);
      expect(ids).toHaveLength(COUNT);
    },
  );
});
