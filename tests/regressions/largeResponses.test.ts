import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, MongoClient } from 'mongodb';
import { weightOfLog } from '../../src/domain/weight.ts';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { ensureStateCollections } from '../../src/mongo/indexes.ts';
import { createLookups } from '../../src/mongo/lookups.ts';
import { aLog, answered, aRecord } from '../support/builders.ts';
import { eachOf } from '../support/eachOf.ts';
import { createMemoryLogger } from '../support/memoryLogger.ts';
import { createRetries } from '../support/mongoRetries.ts';
import { useServers } from '../support/servers.ts';
import { anEnding } from '../support/someEndings.ts';
import { claimUpTo, newClaim, retryFor } from '../support/someRetries.ts';
import { untyped } from '../support/untyped.ts';

// What is remembered was read whole, whatever responses its records hold: 500 of 1 MB at once.
const servers = useServers(import.meta.url);
const MB = 1024 * 1024;
const COUNT = 40;
/** What one answer of the server holds of records with a response of 1 MB. */
const AT_ONCE = 16;

let client: MongoClient;
let sms: Collection;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'large responses under test');
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
const large = 'x'.repeat(MB);
const response = { text: large, encoding: 'utf8', truncated: false } as const;

async function rememberEnds(): Promise<void> {
  const { sent } = stateCollections(sms.db);
  for (let at = 0; at < COUNT; at += 1) {
    const { smsKey, notificationId } = anEnding(idOf(at));
    const record = { ...aRecord(), notificationId, response: large };
    await untyped(sent).insertOne({ _id: notificationId, sms: smsKey, state: 'delivered', record });
  }
}

async function scheduleAll(): Promise<void> {
  const { store } = createRetries(client, servers().database);
  const log = aLog(answered(500, { response }));
  for (let at = 0; at < COUNT; at += 1) await store.schedule(retryFor(idOf(at), { log }), 60_000);
}

describe.each([
  ['ended', 'document', rememberEnds],
  ['ended', 'history', rememberEnds],
  ['ended', 'records', rememberEnds],
  ['waits', 'history', scheduleAll],
  ['waits', 'records', scheduleAll],
] as const)('of what has %s, a look-up of each %s', (_state, wants, fill) => {
  it('reads no more than one answer holds, leaves the others, and comes to all', async () => {
    await fill();
    const all = Array.from({ length: COUNT }, (_each, at) => idOf(at));
    for (const id of all) await sms.insertOne({ _id: id as never, deliveryStatus: 'DELIVERED' });
    const { signal } = new AbortController();
    const state = stateCollections(sms.db);
    const store = createLookups({ sms, state, logger: createMemoryLogger(), signal });
    let left = all;
    const read: string[] = [];
    while (left.length > 0) {
      const requests = left.map((id) => {
        const { documentKey, smsKey, notificationId } = anEnding(id);
        return { documentKey, smsKey, notificationId, wants };
      });
      const lookups = await eachOf(store.lookUp(requests));
      const records = lookups.flatMap(({ ended, waiting: scheduledRetry }) => [
        ...ended,
        ...scheduledRetry,
      ]);
      expect(records.length).toBeLessThanOrEqual(AT_ONCE);
      const isRead = lookups.map(({ isLeft }) => isLeft !== true);
      expect(isRead).toContain(true);
      expect(records.map(({ record }) => record?.response?.length)).toEqual(
        isRead.filter(Boolean).map(() => MB),
      );
      read.push(...left.filter((_id, at) => isRead[at] === true));
      left = left.filter((_id, at) => isRead[at] !== true);
    }
    expect(read.toSorted()).toEqual(all);
  });
});

describe('a look-up of one SMS', () => {
  it('reads its history whole, however many answers that takes', async () => {
    const { sent } = stateCollections(sms.db);
    const { documentKey, smsKey, notificationId } = anEnding('sms-1');
    for (let at = 0; at < COUNT; at += 1) {
      const _id = `${smsKey}:S${at}`;
      const record = { ...aRecord(), notificationId: _id, response: large };
      await untyped(sent).insertOne({ _id, sms: smsKey, state: 'delivered', record });
    }
    const { signal } = new AbortController();
    const state = stateCollections(sms.db);
    const store = createLookups({ sms, state, logger: createMemoryLogger(), signal });
    const request = { documentKey, smsKey, notificationId, wants: 'history' } as const;
    const [lookup] = await eachOf(store.lookUp([request]));
    expect(lookup?.ended).toHaveLength(COUNT);
  });
});

describe('a claim', () => {
  it('takes of rows with large responses what may be held together, and leaves the others due', async () => {
    const { store } = createRetries(client, servers().database);
    const log = aLog(answered(500, { response }));
    for (let at = 0; at < COUNT; at += 1) await store.schedule(retryFor(idOf(at), { log }), 0);
    const claimed = await claimUpTo(store, COUNT);
    expect(claimed.length).toBeLessThanOrEqual(AT_ONCE);
    const others = await claimUpTo(store, COUNT);
    const ids = [...claimed, ...others].map(
      ({ retry: scheduledRetry }) => scheduledRetry.subject.notificationId,
    );
    expect(new Set(ids).size).toBe(2 * claimed.length);
  });

  it('weighs what an attempt of a claimed row was answered, whichever write said so', async () => {
    const { store } = createRetries(client, servers().database);
    const { retries } = stateCollections(sms.db);
    const scheduledRetry = retryFor(idOf(0));
    const { notificationId } = scheduledRetry.subject;
    const claim = await newClaim(store, scheduledRetry);
    const weight = async () => (await retries.findOne({ _id: notificationId }))?.['logBytes'];
    const before: unknown = await weight();
    const log = aLog(answered(500, { response }));
    await store.beginAttempt(notificationId, claim, log);
    const begun: unknown = await weight();
    await store.release(notificationId, claim, { ...scheduledRetry, log: aLog() }, 0);
    expect([before, begun, await weight()]).toEqual([0, weightOfLog(log), 0]);
  });
});
